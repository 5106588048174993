/// Products of a dense matrix with narrow matrices, 16 columns at a time.

/// A w, four rows at a time: each register of the operand is loaded once for four multiply-adds.
func denseMultiply<Scalar: TensorScalar>(
  _ a: [Scalar], rows: Int, columns: Int, _ w: UnsafePointer<Scalar>, _ width: Int,
  _ result: UnsafeMutablePointer<Scalar>
) {
  let operand = SharedPointers(source: w, target: result)
  let blocks = (rows + 63) / 64
  Parallel.forEach(blocks) { block in
    a.withUnsafeBufferPointer { a in
      denseRows(
        a, block * 64..<min((block + 1) * 64, rows), columns, operand.source, width,
        operand.target)
    }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func denseRows<Scalar: TensorScalar>(
  _ a: UnsafeBufferPointer<Scalar>, _ rows: Range<Int>, _ columns: Int,
  _ w: UnsafePointer<Scalar>, _ width: Int, _ result: UnsafeMutablePointer<Scalar>
) {
  typealias Register = SIMD16<Scalar>
  let registers = width / 16
  let operand = UnsafeRawPointer(w)
  let output = UnsafeMutableRawPointer(result)
  let size = MemoryLayout<Register>.stride
  for register in 0..<registers {
    var row = rows.lowerBound
    while row + 4 <= rows.upperBound {
      var (s0, s1, s2, s3) = (Register(), Register(), Register(), Register())
      let first = row &* columns
      for column in 0..<columns {
        let loaded = (operand + (column &* registers &+ register) &* size)
          .loadUnaligned(as: Register.self)
        s0.addProduct(a[first &+ column], loaded)
        s1.addProduct(a[first &+ columns &+ column], loaded)
        s2.addProduct(a[first &+ 2 &* columns &+ column], loaded)
        s3.addProduct(a[first &+ 3 &* columns &+ column], loaded)
      }
      for (offset, sum) in [s0, s1, s2, s3].enumerated() {
        (output + ((row + offset) &* registers &+ register) &* size)
          .storeBytes(of: sum, as: Register.self)
      }
      row += 4
    }
    while row < rows.upperBound {
      var sum = Register()
      for column in 0..<columns {
        let loaded = (operand + (column &* registers &+ register) &* size)
          .loadUnaligned(as: Register.self)
        sum.addProduct(a[row &* columns &+ column], loaded)
      }
      (output + (row &* registers &+ register) &* size).storeBytes(of: sum, as: Register.self)
      row += 1
    }
  }
}

/// A' r, eight columns of A at a time: eight sums stay in registers while all rows go by.
func denseTransposedMultiply<Scalar: TensorScalar>(
  _ a: [Scalar], rows: Int, columns: Int, _ r: UnsafePointer<Scalar>, _ width: Int,
  _ result: UnsafeMutablePointer<Scalar>
) {
  let operand = SharedPointers(source: r, target: result)
  let blocks = (columns + 7) / 8
  Parallel.forEach(blocks) { block in
    a.withUnsafeBufferPointer { a in
      denseColumns(
        a, block * 8..<min((block + 1) * 8, columns), rows, columns, operand.source, width,
        operand.target)
    }
  }
}

@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
private func denseColumns<Scalar: TensorScalar>(
  _ a: UnsafeBufferPointer<Scalar>, _ range: Range<Int>, _ rows: Int, _ columns: Int,
  _ r: UnsafePointer<Scalar>, _ width: Int, _ result: UnsafeMutablePointer<Scalar>
) {
  typealias Register = SIMD16<Scalar>
  let registers = width / 16
  let operand = UnsafeRawPointer(r)
  let output = UnsafeMutableRawPointer(result)
  let size = MemoryLayout<Register>.stride
  for register in 0..<registers {
    if range.count == 8 {
      var (s0, s1, s2, s3) = (Register(), Register(), Register(), Register())
      var (s4, s5, s6, s7) = (Register(), Register(), Register(), Register())
      for row in 0..<rows {
        let loaded = (operand + (row &* registers &+ register) &* size)
          .loadUnaligned(as: Register.self)
        let first = row &* columns &+ range.lowerBound
        s0.addProduct(a[first], loaded)
        s1.addProduct(a[first &+ 1], loaded)
        s2.addProduct(a[first &+ 2], loaded)
        s3.addProduct(a[first &+ 3], loaded)
        s4.addProduct(a[first &+ 4], loaded)
        s5.addProduct(a[first &+ 5], loaded)
        s6.addProduct(a[first &+ 6], loaded)
        s7.addProduct(a[first &+ 7], loaded)
      }
      for (offset, sum) in [s0, s1, s2, s3, s4, s5, s6, s7].enumerated() {
        (output + ((range.lowerBound + offset) &* registers &+ register) &* size)
          .storeBytes(of: sum, as: Register.self)
      }
    } else {
      for column in range {
        var sum = Register()
        for row in 0..<rows {
          let loaded = (operand + (row &* registers &+ register) &* size)
            .loadUnaligned(as: Register.self)
          sum.addProduct(a[row &* columns &+ column], loaded)
        }
        (output + (column &* registers &+ register) &* size).storeBytes(
          of: sum, as: Register.self)
      }
    }
  }
}
