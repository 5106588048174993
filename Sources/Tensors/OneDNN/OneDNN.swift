import Foundation
import Synchronization

#if BDA_ONEDNN
  internal import COneDNN
#endif

/// oneDNN's version, threads and matrix product: the part whose C interface 2.x and 3.x share.
/// Convolutions are products of patches (``Tensor/convolved(with:_:backend:)`` says why).
///
/// Every call runs on the calling thread; work is shared out by ``Parallel``, in shares that depend
/// on the extents only. So the bits do not depend on the number of threads, and the library's own
/// threads, which go on spinning after each call, never compete with ours.
enum OneDNN {
  #if BDA_ONEDNN
    /// The library's version, as `major.minor.patch`.
    static var version: String {
      guard let version = dnnl_version()?.pointee else { return "unknown" }
      return "\(version.major).\(version.minor).\(version.patch)"
    }

    private static let setOpenMPThreads: (@convention(c) (Int32) -> Void)? = {
      guard let symbol = dlsym(nil, "omp_set_num_threads") else { return nil }
      return unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Void).self)
    }()

    /// Keeps the library's calls from this thread on this thread. OpenMP (its runtime on Debian)
    /// holds the limit per calling thread, hence before each call and not once.
    static func useCallingThreadOnly() { setOpenMPThreads?(1) }

    /// C = op(A) op(B) + beta C, row-major. Whether the library accepted the call.
    static func multiply(
      _ shape: MatrixProductShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
      _ beta: Float, _ c: UnsafeMutablePointer<Float>
    ) -> Bool {
      let call = SingleProduct(shape: shape, a: a, b: b, beta: beta, c: c)
      let byRows = shape.rows >= shape.columns
      let extent = byRows ? shape.rows : shape.columns
      // At most eight shares, of at least 128 rows or columns: each packs the other operand anew.
      let share = max(128, ((extent + 7) / 8 + 15) / 16 * 16)
      if extent <= share || shape.rows * shape.columns * shape.inner < 1 << 18 {
        return call.run(rows: 0..<shape.rows, columns: 0..<shape.columns)
      }
      // The library refuses by its arguments' kind, not by their values: all shares or none, and then
      // C, which `beta` may still need, is untouched.
      let accepted = Atomic<Bool>(true)
      Parallel.forEachBlock(of: extent, blockSize: share) { block in
        let done = call.run(
          rows: byRows ? block : 0..<shape.rows, columns: byRows ? 0..<shape.columns : block)
        if !done { accepted.store(false, ordering: .relaxed) }
      }
      return accepted.load(ordering: .relaxed)
    }

    /// The operands of one product, carried to the threads that share it.
    private struct SingleProduct: @unchecked Sendable {
      let shape: MatrixProductShape
      let a: UnsafePointer<Float>
      let b: UnsafePointer<Float>
      let beta: Float
      let c: UnsafeMutablePointer<Float>

      func run(rows: Range<Int>, columns: Range<Int>) -> Bool {
        OneDNN.useCallingThreadOnly()
        let (transposed, plain) = (CChar(UInt8(ascii: "T")), CChar(UInt8(ascii: "N")))
        let left = a + rows.lowerBound * (shape.transposesLeft ? 1 : shape.leftStride)
        let right = b + columns.lowerBound * (shape.transposesRight ? shape.inner : 1)
        let out = c + rows.lowerBound * shape.columns + columns.lowerBound
        let status = dnnl_sgemm(
          shape.transposesLeft ? transposed : plain, shape.transposesRight ? transposed : plain,
          dnnl_dim_t(rows.count), dnnl_dim_t(columns.count), dnnl_dim_t(shape.inner), 1,
          left, dnnl_dim_t(shape.leftStride), right, dnnl_dim_t(shape.rightStride), beta,
          out, dnnl_dim_t(shape.columns))
        return status == dnnl_success
      }
    }
  #else
    static var version: String { "absent" }
    static func multiply(
      _ shape: MatrixProductShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
      _ beta: Float, _ c: UnsafeMutablePointer<Float>
    ) -> Bool { false }
  #endif
}
