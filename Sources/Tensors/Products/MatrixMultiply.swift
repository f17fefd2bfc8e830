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

  /// The same with all threads: cut by rows, by columns and along k, whose partial sums are added in order.
  ///
  /// The cut depends on the sizes alone. `a`, `b` and `c` must outlive the call, which waits for its pieces.
  static func parallelMultiply(
    transposingA: Bool = false, transposingB: Bool = false, m: Int, n: Int, k: Int,
    _ a: TensorStorage, at aOffset: Int = 0, stride lda: Int, _ b: TensorStorage, at bOffset: Int = 0,
    stride ldb: Int, adding beta: Float = 0, to c: TensorStorage, at cOffset: Int = 0, stride ldc: Int
  ) {
    guard Computation.isOn else { return }
    let cut = ProductCut(m: m, n: n, k: k)
    let partial =
      cut.inner > 1 ? TensorStorage(count: cut.inner * m * n, for: "the partial sums of a product") : nil
    parallel(cut.pieces) { piece in
      let (rows, columns, inner) = cut.ranges(ofPiece: piece)
      let left = (rows.lowerBound, inner.lowerBound)
      let right = (inner.lowerBound, columns.lowerBound)
      let target =
        partial.map { $0.base + (piece % cut.inner * m + rows.lowerBound) * n + columns.lowerBound }
        ?? c.base + cOffset + rows.lowerBound * ldc + columns.lowerBound
      multiply(
        transposingA: transposingA, transposingB: transposingB, m: rows.count, n: columns.count,
        k: inner.count,
        a.base + aOffset + (transposingA ? left.1 * lda + left.0 : left.0 * lda + left.1), stride: lda,
        b.base + bOffset + (transposingB ? right.1 * ldb + right.0 : right.0 * ldb + right.1), stride: ldb,
        adding: partial == nil ? beta : 0, to: target, stride: partial == nil ? ldc : n)
    }
    guard let partial else { return }
    if beta == 0, ldc == n {
      return sumOfPartials(partial, pieces: cut.inner, count: m * n, to: c, offset: cOffset)
    }
    parallel(over: m, grain: max(1, (1 << 16) / max(1, n * cut.inner))) { rows in
      for row in rows {
        let out = c.base + cOffset + row * ldc
        if beta == 0 { out.update(repeating: 0, count: n) }
        for piece in 0..<cut.inner { dp_accumulate(out, partial.base + (piece * m + row) * n, n) }
      }
    }
  }
}

/// How a product is cut into pieces, by its sizes alone.
private struct ProductCut: Sendable {
  let m, n, k: Int
  /// Parts of the rows, of the columns, and of what is summed over.
  private(set) var rows = 1
  private(set) var columns = 1
  private(set) var inner = 1

  /// The cheapest cut that gives threads enough to do. A piece copies its parts of both factors, and partial sums are
  /// written and read: both cost about as much a number as so many multiplications (measured).
  init(m: Int, n: Int, k: Int) {
    (self.m, self.n, self.k) = (m, n, k)
    let (copied, work) = (12, m * n * k)
    guard work >= 1 << 19 else { return }
    let wanted = max(2, min(16, work >> 20), work >> 31 > 0 ? 32 : 0)
    let parts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    var least = Int.max
    for rows in parts where rows == 1 || m / rows >= 96 {
      for columns in parts where columns == 1 || n / columns >= 96 {
        let most = max(1, min(k / 256, (1 << 22) / (m * n)))
        let enough = min(most, (wanted + rows * columns - 1) / (rows * columns))
        for inner in enough...min(most, enough + 3) {
          let pieces = rows * columns * inner
          let copies = m * k * columns + n * k * rows + (inner > 1 ? 2 * inner * m * n : 0)
          // Threads that have nothing to do: all the while, or in the last round of sixteen.
          let missing = work / wanted * max(0, wanted - pieces)
          let uneven = wanted < 16 ? 0 : work / 8 / pieces * ((16 - pieces % 16) % 16)
          let cost = copied * copies + missing + uneven
          if cost < least { (least, self.rows, self.columns, self.inner) = (cost, rows, columns, inner) }
        }
      }
    }
  }

  var pieces: Int { rows * columns * inner }

  func ranges(ofPiece piece: Int) -> (rows: Range<Int>, columns: Range<Int>, inner: Range<Int>) {
    func part(_ extent: Int, _ index: Int, _ count: Int) -> Range<Int> {
      extent * index / count..<extent * (index + 1) / count
    }
    let (place, layer) = piece.quotientAndRemainder(dividingBy: inner)
    return (part(m, place / columns, rows), part(n, place % columns, columns), part(k, layer, inner))
  }
}
