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
    if inner == 1, outer == 1 {
      let pieces = min(64, max(1, count >> 16))
      let partial = TensorStorage(count: pieces, for: "the sums of a tensor")
      parallel(pieces) { piece in
        let start = count * piece / pieces
        partial.base[piece] = Float(dp_sum(x.base + start, count * (piece + 1) / pieces - start))
      }
      return Tensor([Float(dp_sum(partial.base, pieces))], shape: [1])
    }
    if inner == 1 {
      let y = TensorStorage(count: outer, for: "the sums of a tensor")
      parallel(over: outer, grain: max(1, (1 << 15) / max(1, count))) { range in
        dp_sum_rows(y.base + range.lowerBound, x.base + range.lowerBound * count, range.count, count)
      }
      return Tensor(shape: [outer], storage: y)
    }
    if outer == 1 {
      return columnSums(rows: count, width: inner, sums: 1) { rows, sum in
        dp_accumulate_rows(sum, x.base + rows.lowerBound * inner, rows.count, inner)
      }
    }
    let sum = Tensor.filled(0, shape: [outer * inner])
    let y = sum.storage
    parallel(over: outer, grain: max(1, (1 << 15) / max(1, count * inner))) { range in
      for o in range { dp_accumulate_rows(y.base + o * inner, x.base + o * count * inner, count, inner) }
    }
    return sum
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
  // Not more than about a thousand additions into one number, for their rounding errors grow.
  let pieces = min(64, max(1, max(rows * width >> 16, rows >> 10)))
  let partial = Tensor.filled(0, shape: [pieces, sums * width])
  let storage = partial.storage
  parallel(pieces) { piece in
    body(rows * piece / pieces..<rows * (piece + 1) / pieces, storage.base + piece * sums * width)
  }
  let total = Tensor.filled(0, shape: [sums * width])
  dp_accumulate_rows(total.storage.base, storage.base, pieces, sums * width)
  return total
}
