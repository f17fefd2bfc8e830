import CKernels

/// Bilinear resizing of maps to one size, some rows and columns of the result at a time: the bits are those of
/// `resizedBilinear`. For predictions; it has no derivative.
public struct BilinearResizing: Sendable {
  private let rows, columns: BilinearTaps
  private let oldWidth, newHeight, newWidth: Int
  private let isIdentity: Bool

  /// Resizing from one (height, width) to another, all positive. `alignCorners` is as in `resizedBilinear`.
  public init(
    from old: (height: Int, width: Int), to new: (height: Int, width: Int), alignCorners: Bool
  ) {
    require(
      min(old.height, old.width, new.height, new.width) > 0, "a map of \(old) resized to \(new)")
    rows = BilinearTaps(from: old.height, to: new.height, alignCorners: alignCorners)
    columns = BilinearTaps(from: old.width, to: new.width, alignCorners: alignCorners)
    (oldWidth, newHeight, newWidth) = (old.width, new.height, new.width)
    isIdentity = old == new
  }

  /// The rows of a map that rows of the result are made of.
  public func inputRows(for range: Range<Int>) -> Range<Int> {
    guard !range.isEmpty, !isIdentity else { return range }
    return Int(rows.first[range.lowerBound])..<Int(rows.second[range.upperBound - 1]) + 1
  }

  /// A window of the resized map.
  ///
  /// - Parameters:
  ///   - x: `[B, h, w, C]`: rows of the map, at least `inputRows(for: range)`.
  ///   - first: The row of the map that is the first of `x`.
  ///   - range: Rows of the result.
  ///   - width: Columns of the result, from the left.
  /// - Returns: `[B, range.count, width, C]`.
  public func callAsFunction(
    _ x: Tensor, from first: Int = 0, rows range: Range<Int>, columns width: Int
  ) -> Tensor {
    let needed = inputRows(for: range)
    require(
      x.rank == 4 && x.shape[2] == oldWidth && (0...newWidth).contains(width)
        && range.lowerBound >= 0 && range.upperBound <= newHeight
        && needed.lowerBound >= first && needed.upperBound <= first + x.shape[1],
      "rows \(range) and \(width) columns of a map of which rows from \(first) on have shape \(x.shape)")
    guard !isIdentity else {
      return x.sliced(axis: 1, from: range.lowerBound - first, to: range.upperBound - first)
        .sliced(axis: 2, from: 0, to: width)
    }
    let (images, height, channels) = (x.shape[0], x.shape[1], x.shape[3])
    let y = Tensor.uninitialized([images, range.count, width, channels])
    let (inRow, outRow) = (oldWidth * channels, width * channels)
    let (source, result) = (x.storage, y.storage)
    parallel(over: images * range.count, grain: max(1, (1 << 14) / max(1, outRow))) { pieces in
      for out in pieces {
        let (image, i) = (out / range.count, range.lowerBound + out % range.count)
        func row(_ number: Int32) -> UnsafeMutablePointer<Float> {
          source.base + (image * height + Int(number) - first) * inRow
        }
        dp_bilinear_row(
          result.base + out * outRow, row(rows.first[i]), row(rows.second[i]),
          rows.fraction[i], columns.first, columns.second, columns.fraction, width, channels)
      }
    }
    return y
  }
}
