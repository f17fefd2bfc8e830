import CKernels

extension Tensor {
  /// Sum over some axes, which stay as 1 or go.
  public func sum(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    reduced("sum", axes, keepingAxes, scale: 1)
  }

  /// Sum of all numbers, of shape `[]`.
  public func sum() -> Tensor { sum(axes: Array(0..<rank)) }

  /// Mean over some axes, which stay as 1 or go; NaN over no numbers.
  public func mean(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    reduced("mean", axes, keepingAxes, scale: 1 / Float(axes.map { shape[axis($0)] }.product))
  }

  /// Mean of all numbers, of shape `[]`.
  public func mean() -> Tensor { mean(axes: Array(0..<rank)) }

  private func reduced(_ name: String, _ axes: [Int], _ keepingAxes: Bool, scale: Float) -> Tensor {
    let gone = Set(axes.map(axis))
    require(gone.count == axes.count, "axes \(axes) of a tensor of shape \(shape) repeat")
    let kept = shape.enumerated().map { gone.contains($0.offset) ? 1 : $0.element }
    let result =
      keepingAxes ? kept : shape.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
    let shape = shape
    return Tensor.operation(name, of: [self]) {
      var y = detached
      // From the last axis on; neighbours go together.
      var end = rank
      while end > 0 {
        let isGone = gone.contains(end - 1)
        let start = (0..<end).last { gone.contains($0) != isGone }.map { $0 + 1 } ?? 0
        if isGone {
          y = y.summedInTheMiddle(
            outer: shape[..<start].product, count: shape[start..<end].product, inner: kept[end...].product)
        }
        end = start
      }
      if scale != 1 { y = y * scale }
      return (
        Tensor(shape: result, storage: y.storage),
        { gradient in
          let scaled = scale == 1 ? gradient : gradient * scale
          return [scaled.reshaped(kept).repeated(to: shape)]
        }
      )
    }
  }

  /// `[outer, count, inner]` summed to `[outer, inner]`.
  private func summedInTheMiddle(outer: Int, count: Int, inner: Int) -> Tensor {
    let x = storage
    if inner == 1 {
      let pieces = min(64, max(1, count >> 16))
      let y = TensorStorage(count: outer, for: "the sums of a tensor")
      if pieces == 1 {
        parallel(over: outer, grain: max(1, (1 << 15) / max(1, count))) { range in
          dp_sum_rows(y.base + range.lowerBound, x.base + range.lowerBound * count, range.count, count)
        }
        return Tensor(shape: [outer], storage: y)
      }
      let partial = TensorStorage(count: outer * pieces, for: "the sums of a tensor")
      parallel(outer * pieces) { index in
        let (o, piece) = index.quotientAndRemainder(dividingBy: pieces)
        let start = count * piece / pieces
        partial.base[index] = Float(dp_sum(x.base + o * count + start, count * (piece + 1) / pieces - start))
      }
      for o in 0..<outer { y.base[o] = Float(dp_sum(partial.base + o * pieces, pieces)) }
      return Tensor(shape: [outer], storage: y)
    }
    return columnSums(outer: outer, rows: count, width: inner, sums: 1) { o, rows, sum in
      dp_accumulate_rows(sum, x.base + (o * count + rows.lowerBound) * inner, rows.count, inner)
    }
  }
}

/// Sums over rows, by pieces that depend on the sizes alone and are added up in order.
///
/// - Parameter body: Adds its rows to `sums` rows of `width` numbers that lie one after the other.
/// - Returns: `[sums * width]`.
func columnSums(
  rows: Int, width: Int, sums: Int,
  _ body: @escaping @Sendable (_ rows: Range<Int>, _ sum: UnsafeMutablePointer<Float>) -> Void
) -> Tensor {
  columnSums(outer: 1, rows: rows, width: width, sums: sums) { _, rows, sum in body(rows, sum) }
}

/// The same in each of `outer` matrices, by pieces that do not depend on how many there are: `[outer * sums * width]`.
private func columnSums(
  outer: Int, rows: Int, width: Int, sums: Int,
  _ body: @escaping @Sendable (_ outer: Int, _ rows: Range<Int>, _ sum: UnsafeMutablePointer<Float>) -> Void
) -> Tensor {
  // Not more than about a thousand additions into one number, for their rounding errors grow.
  let pieces = min(64, max(1, max((rows * width) >> 16, rows >> 10)))
  let size = sums * width
  let partial = Tensor.filled(0, shape: [outer, pieces, size])
  let storage = partial.storage
  parallel(over: outer * pieces, grain: max(1, (1 << 15) / max(1, rows / pieces * width))) { range in
    for index in range {
      let (o, piece) = index.quotientAndRemainder(dividingBy: pieces)
      body(o, rows * piece / pieces..<rows * (piece + 1) / pieces, storage.base + index * size)
    }
  }
  if pieces == 1 { return Tensor(shape: [outer * size], storage: storage) }
  let total = Tensor.uninitialized([outer * size])
  for o in 0..<outer {
    sumOfPartials(
      storage, at: o * pieces * size, pieces: pieces, count: size, to: total.storage, offset: o * size)
  }
  return total
}
