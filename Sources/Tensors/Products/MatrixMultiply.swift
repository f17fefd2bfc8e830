import CKernels
import COpenBLAS

/// OpenBLAS, called with one thread from inside the pieces of our own parallel loops.
package enum BLAS {
  /// The processor whose kernels OpenBLAS has chosen: results may differ in their last bits between them.
  package static var processorKernels: String {
    openblas_get_corename().map { String(cString: $0) } ?? "unknown"
  }

  /// c [m, n] = op(a) op(b) + beta c on the calling thread, row-major; op(a) is [m, k], op(b) is [k, n].
  static func multiply(
    transposingA: Bool = false, transposingB: Bool = false, m: Int, n: Int, k: Int,
    _ a: UnsafePointer<Float>, stride lda: Int, _ b: UnsafePointer<Float>, stride ldb: Int,
    adding beta: Float = 0, to c: UnsafeMutablePointer<Float>, stride ldc: Int
  ) {
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      if beta == 0 { for row in 0..<m { (c + row * ldc).update(repeating: 0, count: n) } }
      return
    }
    BLASWorkspace.prepare()
    cblas_sgemm(
      CblasRowMajor, transposingA ? CblasTrans : CblasNoTrans, transposingB ? CblasTrans : CblasNoTrans,
      numericCast(m), numericCast(n), numericCast(k), 1, a, numericCast(lda), b, numericCast(ldb), beta, c,
      numericCast(ldc))
  }

  /// The same with all threads: cut by rows, by columns, or along k with the partial sums added in order.
  ///
  /// The cut depends on the sizes alone. `a`, `b` and `c` must outlive the call, which waits for its pieces.
  static func parallelMultiply(
    transposingA: Bool = false, transposingB: Bool = false, m: Int, n: Int, k: Int,
    _ a: TensorStorage, at aOffset: Int = 0, stride lda: Int, _ b: TensorStorage, at bOffset: Int = 0,
    stride ldb: Int, adding beta: Float = 0, to c: TensorStorage, at cOffset: Int = 0, stride ldc: Int
  ) {
    guard Computation.isOn else { return }
    let work = m * n * k
    let rowPieces = min(16, m / 192)
    let columnPieces = min(16, n / 192)
    if work < 1 << 19 {
      multiply(
        transposingA: transposingA, transposingB: transposingB, m: m, n: n, k: k, a.base + aOffset,
        stride: lda,
        b.base + bOffset, stride: ldb, adding: beta, to: c.base + cOffset, stride: ldc)
    } else if rowPieces >= 2, rowPieces >= columnPieces {
      parallel(rowPieces) { piece in
        let rows = m * piece / rowPieces..<m * (piece + 1) / rowPieces
        multiply(
          transposingA: transposingA, transposingB: transposingB, m: rows.count, n: n, k: k,
          a.base + aOffset + rows.lowerBound * (transposingA ? 1 : lda), stride: lda, b.base + bOffset,
          stride: ldb, adding: beta, to: c.base + cOffset + rows.lowerBound * ldc, stride: ldc)
      }
    } else if columnPieces >= 2 {
      parallel(columnPieces) { piece in
        let columns = n * piece / columnPieces..<n * (piece + 1) / columnPieces
        multiply(
          transposingA: transposingA, transposingB: transposingB, m: m, n: columns.count, k: k,
          a.base + aOffset, stride: lda, b.base + bOffset + columns.lowerBound * (transposingB ? ldb : 1),
          stride: ldb, adding: beta, to: c.base + cOffset + columns.lowerBound, stride: ldc)
      }
    } else if k >= 1024 {
      let pieces = min(16, k / 512)
      let partial = TensorStorage(count: pieces * m * n, for: "the partial sums of a product")
      parallel(pieces) { piece in
        let inner = k * piece / pieces..<k * (piece + 1) / pieces
        multiply(
          transposingA: transposingA, transposingB: transposingB, m: m, n: n, k: inner.count,
          a.base + aOffset + inner.lowerBound * (transposingA ? lda : 1), stride: lda,
          b.base + bOffset + inner.lowerBound * (transposingB ? 1 : ldb), stride: ldb,
          to: partial.base + piece * m * n, stride: n)
      }
      for row in 0..<m {
        let out = c.base + cOffset + row * ldc
        if beta == 0 { out.update(repeating: 0, count: n) }
        for piece in 0..<pieces { dp_accumulate(out, partial.base + piece * m * n + row * n, n) }
      }
    } else {
      let pieces = 2
      let byRows = m >= n
      parallel(pieces) { piece in
        let extent = byRows ? m : n
        let range = extent * piece / pieces..<extent * (piece + 1) / pieces
        multiply(
          transposingA: transposingA, transposingB: transposingB, m: byRows ? range.count : m,
          n: byRows ? n : range.count, k: k,
          a.base + aOffset + (byRows ? range.lowerBound * (transposingA ? 1 : lda) : 0), stride: lda,
          b.base + bOffset + (byRows ? 0 : range.lowerBound * (transposingB ? ldb : 1)), stride: ldb,
          adding: beta, to: c.base + cOffset + (byRows ? range.lowerBound * ldc : range.lowerBound),
          stride: ldc)
      }
    }
  }
}
