import Foundation

#if BDA_ONEDNN
  internal import COneDNN
#endif

/// The one file that talks to oneDNN.
enum OneDNN {
  #if BDA_ONEDNN
    /// The library's version, as `major.minor.patch`.
    static var version: String {
      guard let version = dnnl_version()?.pointee else { return "unknown" }
      return "\(version.major).\(version.minor).\(version.patch)"
    }

    /// Limits the OpenMP threads that oneDNN uses (its default runtime on Debian).
    static func limit(threads: Int) {
      guard let symbol = dlsym(nil, "omp_set_num_threads") else { return }
      typealias SetThreads = @convention(c) (Int32) -> Void
      unsafeBitCast(symbol, to: SetThreads.self)(Int32(threads))
    }

    /// C = op(A) op(B) + beta C, row-major. Whether the library accepted the call.
    static func multiply(
      _ call: MatrixProductShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
      _ beta: Float, _ c: UnsafeMutablePointer<Float>
    ) -> Bool {
      limit(threads: Parallel.isInsideLoop ? 1 : Parallel.threads)
      let transposed = CChar(UInt8(ascii: "T"))
      let plain = CChar(UInt8(ascii: "N"))
      let status = dnnl_sgemm(
        call.transposesLeft ? transposed : plain, call.transposesRight ? transposed : plain,
        dnnl_dim_t(call.rows), dnnl_dim_t(call.columns), dnnl_dim_t(call.inner), 1,
        a, dnnl_dim_t(call.leftStride), b, dnnl_dim_t(call.rightStride), beta,
        c, dnnl_dim_t(call.columns))
      return status == dnnl_success
    }
  #else
    static var version: String { "absent" }
    static func limit(threads: Int) {}
    static func multiply(
      _ call: MatrixProductShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
      _ beta: Float, _ c: UnsafeMutablePointer<Float>
    ) -> Bool { false }
  #endif
}
