import CKernels

/// Batch norm by the statistics of several batches that run beside each other, of which `x` is one (PyTorch's
/// `SyncBatchNorm`).
///
/// The sums are float64, so that moments in one pass lose nothing that float32 could show. The gradients of weight and
/// bias are those of this batch alone: they are summed over the batches as all others are.
///
/// - Parameters:
///   - x: `[..., C]`; it may have no rows where another batch has some.
///   - weight: `[C]`; 1 when nil.
///   - bias: `[C]`; 0 when nil.
///   - epsilon: Added to the biased variance.
///   - summed: Sums numbers of this batch over all batches; called once for the result, with `2 C + 1` numbers, and once
///     for the derivative with respect to `x`, with `2 C`.
/// - Returns: `[..., C]`; mean and biased variance of each channel, and the rows of all batches.
package func synchronizedBatchNorm(
  _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float,
  summed: @escaping (_ own: [Double]) -> [Double]
) -> (y: Tensor, mean: [Float], variance: [Float], rows: Double) {
  let width = channels(of: x, weight, bias)
  let rows = x.count / max(1, width)
  let input = x.storage
  let moments = doubleColumnSums(rows: rows, width: width, sums: 2) { range, sum in
    dp_accumulate_moments(sum, sum + width, input.base + range.lowerBound * width, range.count, width)
  }
  let totals = summed(moments + [Double(rows)])
  let all = totals[2 * width]
  let share = 1 / max(1, all)
  let centre = totals.prefix(width).map { $0 * share }
  let spread = zip(totals[width..<2 * width], centre).map { max(0, $0 * share - $1 * $1) }
  let (mean, variance) = (centre.map { Float($0) }, spread.map { Float($0) })
  let inverse = variance.map { 1 / ($0 + epsilon).squareRoot() }
  OperationCounter.current?.add(.batchNorm, 5, x.count)
  let y = Tensor.operation("sync_batch_norm", of: [x] + [weight, bias].compactMap(\.self)) {
    let scale = zip(inverse, weight?.values ?? inverse.map { _ in 1 }).map(*)
    let y = normalized(x, mean: mean, scale: scale, bias: bias)
    let needsX = x.needsGradient
    let parameters = NormParameters(weight: weight, bias: bias, width: width)
    return (
      y,
      { gradient in
        let g = gradient.storage
        let own = doubleColumnSums(rows: rows, width: width, sums: 2) { range, sum in
          let start = range.lowerBound * width
          dp_accumulate_norm_gradients(
            sum, sum + width, g.base + start, input.base + start, mean, inverse, range.count, width)
        }
        var gx: Tensor?
        if needsX {
          let totals = summed(own)
          let slope = zip(zip(scale, inverse), totals.prefix(width)).map { $0.0 * $0.1 * Float($1 * share) }
          let offset = zip(scale, totals.suffix(width)).map { $0 * Float($1 * share) }
          gx = batchNormSlope(
            gradient, input, mean: mean, scale: scale, slope: slope, offset: offset, rows: rows)
        }
        return [gx] + parameters.gradients { Tensor(own.map { Float($0) }, shape: [2 * width]) }
      }
    )
  }
  return (y, mean, variance, all)
}

/// `columnSums` in double precision: by pieces that depend on the sizes alone and are added up in order.
private func doubleColumnSums(
  rows: Int, width: Int, sums: Int,
  _ body: @escaping @Sendable (_ rows: Range<Int>, _ sum: UnsafeMutablePointer<Double>) -> Void
) -> [Double] {
  let count = sums * width
  // In brackets: a shift binds closer than a product.
  let pieces = min(64, max(1, (rows * width) >> 16))
  let partial = Shared(UnsafeMutablePointer<Double>.allocate(capacity: max(1, pieces * count)))
  defer { partial.base.deallocate() }
  partial.base.initialize(repeating: 0, count: pieces * count)
  parallel(pieces) { piece in
    body(rows * piece / pieces..<rows * (piece + 1) / pieces, partial.base + piece * count)
  }
  return (0..<count).map { place in
    (0..<pieces).reduce(0.0) { $0 + partial.base[$1 * count + place] }
  }
}
