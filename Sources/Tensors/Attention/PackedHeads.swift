import CKernels

/// The keys and values of some heads, packed once for all rows of queries: products of heads are too small for BLAS, which
/// spends a third of its time on packing them for each block of rows.
struct PackedHeads: Sendable {
  /// Tokens, and channels of a head.
  let count, width: Int
  /// Both rounded up to whole vectors.
  let paddedCount, paddedWidth: Int
  private let keys, values: TensorStorage

  /// Memory for so many heads.
  ///
  /// - Parameter hasValues: Whether values are packed, too.
  init(heads: Int, count: Int, width: Int, hasValues: Bool = true) {
    (self.count, self.width) = (count, width)
    (paddedCount, paddedWidth) = (dp_packed_width(count), dp_packed_width(width))
    keys = TensorStorage(count: heads * width * paddedCount, for: "the keys of attention")
    values = TensorStorage(
      count: hasValues ? heads * count * paddedWidth : 0, for: "the values of attention")
  }

  /// Packs the keys of a head, rows that are `stride` numbers apart.
  func packKeys(_ head: Int, _ x: UnsafePointer<Float>, stride: Int) {
    dp_pack_columns(
      keys.base + head * width * paddedCount, paddedCount, x, stride, Self.rows(count), count, width)
  }

  /// Packs the values of a head, rows that are `stride` numbers apart.
  func packValues(_ head: Int, _ x: UnsafePointer<Float>, stride: Int) {
    dp_pack_rows(
      values.base + head * count * paddedWidth, paddedWidth, x, stride, Self.rows(count), count, width)
  }

  /// y `[rows, paddedCount]` = q `[rows, width]` kᵀ.
  func multiplyKeys(
    _ head: Int, _ q: UnsafePointer<Float>, stride: Int, rows: Int, to y: UnsafeMutablePointer<Float>
  ) {
    dp_packed_product(
      y, paddedCount, q, stride, 1, keys.base + head * width * paddedCount, paddedCount,
      rows, paddedCount, width, 1)
  }

  /// y `[rows, paddedWidth]` = p `[rows, paddedCount]` v.
  func multiplyValues(
    _ head: Int, _ p: UnsafePointer<Float>, rows: Int, to y: UnsafeMutablePointer<Float>
  ) {
    dp_packed_product(
      y, paddedWidth, p, paddedCount, 1, values.base + head * count * paddedWidth, paddedWidth,
      rows, paddedWidth, count, 1)
  }

  /// All rows, one after the other.
  private static func rows(_ count: Int) -> [Int32] { (0..<Int32(count)).map(\.self) }
}
