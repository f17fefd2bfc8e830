import CKernels

/// (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis (Ba et al., 2016).
///
/// - Parameters:
///   - x: `[..., C]`.
///   - weight: `[C]`; 1 when nil.
///   - bias: `[C]`; 0 when nil.
///   - epsilon: Added to the biased variance.
/// - Returns: `[..., C]`.
public func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float) -> Tensor {
  let width = channels(of: x, weight, bias)
  let rows = x.count / max(1, width)
  let grain = max(1, (1 << 14) / max(1, width))
  OperationCounter.current?.add(.layerNorm, 5, x.count)
  return Tensor.operation("layer_norm", of: [x] + [weight, bias].compactMap(\.self)) {
    let y = Tensor.uninitialized(x.shape)
    let statistics = TensorStorage(count: 2 * rows, for: "the statistics of a norm")
    let scale = (weight ?? .ones([width])).storage
    let shift = (bias ?? .zeros([width])).storage
    let (input, result) = (x.storage, y.storage)
    parallel(over: rows, grain: grain) { range in
      let start = range.lowerBound
      dp_layer_norm(
        result.base + start * width, statistics.base + 2 * start, input.base + start * width, scale.base,
        shift.base, range.count, width, epsilon)
    }
    let needsX = x.needsGradient
    let source = x.node
    let parameters = NormParameters(weight: weight, bias: bias, width: width)
    return (
      y,
      { gradient in
        let g = gradient.storage
        let sum = needsX ? source?.takeSum() : nil
        let gx = needsX ? sum ?? Tensor.uninitialized(gradient.shape) : nil
        let (output, adds) = (gx?.storage, Int32(sum == nil ? 0 : 1))
        let slope: @Sendable (Range<Int>) -> Void = { range in
          guard let output else { return }
          let start = range.lowerBound
          dp_layer_norm_backward(
            output.base + start * width, g.base + start * width, input.base + start * width,
            statistics.base + 2 * start, scale.base, range.count, width, adds)
        }
        guard parameters.areNeeded else {
          parallel(over: rows, grain: grain, slope)
          return [gx] + parameters.gradients { nil }
        }
        return [gx]
          + parameters.gradients {
            columnSums(rows: rows, width: width, sums: 2) { range, sum in
              // Some rows at a time, so that both find g and x in the cache.
              for start in stride(from: range.lowerBound, to: range.upperBound, by: grain) {
                let part = start..<min(range.upperBound, start + grain)
                slope(part)
                dp_layer_norm_parameters_backward(
                  sum, sum + width, g.base + start * width, input.base + start * width,
                  statistics.base + 2 * start, part.count, width)
              }
            }
          }
      }
    )
  }
}

/// Batch norm by the statistics of this batch (Ioffe and Szegedy, 2015), as in training.
///
/// - Parameters:
///   - x: `[..., C]`.
///   - weight: `[C]`; 1 when nil.
///   - bias: `[C]`; 0 when nil.
///   - epsilon: Added to the biased variance.
/// - Returns: `[..., C]`, and the mean and the biased variance of each channel.
public func batchNorm(
  _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float
) -> (y: Tensor, mean: [Float], variance: [Float]) {
  let width = channels(of: x, weight, bias)
  let rows = x.count / max(1, width)
  let input = x.storage
  let share = 1 / Float(max(1, rows))
  let mean = columnSums(rows: rows, width: width, sums: 1) { range, sum in
    dp_accumulate_rows(sum, input.base + range.lowerBound * width, range.count, width)
  }.values.map { $0 * share }
  let variance = columnSums(rows: rows, width: width, sums: 1) { range, sum in
    dp_accumulate_squares(sum, input.base + range.lowerBound * width, mean, range.count, width)
  }.values.map { $0 * share }
  let inverse = variance.map { 1 / ($0 + epsilon).squareRoot() }
  OperationCounter.current?.add(.batchNorm, 5, x.count)
  let y = Tensor.operation("batch_norm", of: [x] + [weight, bias].compactMap(\.self)) {
    let scale = zip(inverse, weight?.values ?? inverse.map { _ in 1 }).map(*)
    let y = normalized(x, mean: mean, scale: scale, bias: bias)
    let needsX = x.needsGradient
    let parameters = NormParameters(weight: weight, bias: bias, width: width)
    return (
      y,
      { gradient in
        let sums = normParameterSums(gradient.storage, input, mean: mean, inverse: inverse, rows: rows)
        var gx: Tensor?
        if needsX {
          let (dot, sum) = (sums.values.prefix(width), sums.values.suffix(width))
          let slope = zip(zip(scale, inverse), dot).map { $0.0 * $0.1 * $1 * share }
          let offset = zip(scale, sum).map { $0 * $1 * share }
          gx = batchNormSlope(
            gradient, input, mean: mean, scale: scale, slope: slope, offset: offset, rows: rows)
        }
        return [gx] + parameters.gradients { sums }
      }
    )
  }
  return (y, mean, variance)
}

/// The gradient of what batch norm was given: g scale - (x - mean) slope - offset, channel by channel.
func batchNormSlope(
  _ gradient: Tensor, _ input: TensorStorage, mean: [Float], scale: [Float], slope: [Float],
  offset: [Float], rows: Int
) -> Tensor {
  let width = mean.count
  let output = Tensor.uninitialized(gradient.shape)
  let (g, result) = (gradient.storage, output.storage)
  parallel(over: rows, grain: max(1, (1 << 15) / max(1, width))) { range in
    let start = range.lowerBound * width
    dp_batch_norm_backward(
      result.base + start, g.base + start, input.base + start, mean, scale, slope, offset, range.count, width)
  }
  return output
}

/// Batch norm by given statistics, as in evaluation.
///
/// - Parameters:
///   - x: `[..., C]`.
///   - weight: `[C]`; 1 when nil.
///   - bias: `[C]`; 0 when nil.
///   - mean: `[C]`; it gets no gradient, as the variance.
///   - variance: `[C]`.
///   - epsilon: Added to the variance.
/// - Returns: `[..., C]`.
public func batchNorm(
  _ x: Tensor, weight: Tensor?, bias: Tensor?, mean: Tensor, variance: Tensor, epsilon: Float
) -> Tensor {
  let width = channels(of: x, weight, bias)
  require(
    mean.shape == [width] && variance.shape == [width],
    "mean \(mean.shape) and variance \(variance.shape) for x \(x.shape)")
  let rows = x.count / max(1, width)
  OperationCounter.current?.add(.batchNorm, 2, x.count)
  return Tensor.operation("batch_norm", of: [x] + [weight, bias].compactMap(\.self)) {
    let inverse = variance.values.map { 1 / ($0 + epsilon).squareRoot() }
    let scale = zip(inverse, weight?.values ?? inverse.map { _ in 1 }).map(*)
    let centre = mean.values
    let y = normalized(x, mean: centre, scale: scale, bias: bias)
    let needsX = x.needsGradient
    let parameters = NormParameters(weight: weight, bias: bias, width: width)
    let input = parameters.areNeeded ? x.storage : nil
    return (
      y,
      { gradient in
        [needsX ? gradient * Tensor(scale, shape: [width]) : nil]
          + parameters.gradients {
            input.map {
              normParameterSums(gradient.storage, $0, mean: centre, inverse: inverse, rows: rows)
            }
          }
      }
    )
  }
}

/// The extent of the last axis, which weight and bias have to have.
func channels(of x: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Int {
  require(x.rank >= 1, "a norm of shape \(x.shape)")
  let width = x.shape[x.rank - 1]
  for parameter in [weight, bias].compactMap(\.self) {
    require(parameter.shape == [width], "weight or bias \(parameter.shape) for x \(x.shape)")
  }
  return width
}

/// Which of a norm's weight and bias there are, and which of them need a gradient.
struct NormParameters {
  private let weight, bias: Bool?
  private let width: Int

  init(weight: Tensor?, bias: Tensor?, width: Int) {
    (self.weight, self.bias) = (weight?.needsGradient, bias?.needsGradient)
    self.width = width
  }

  var areNeeded: Bool { weight == true || bias == true }

  /// The gradients of those there are; `sums` are that of the weight and then that of the bias.
  func gradients(from sums: () -> Tensor?) -> [Tensor?] {
    let found = areNeeded ? sums()?.values : nil
    let ofWeight = weight == true ? found.map { Tensor($0.prefix(width), shape: [width]) } : nil
    let ofBias = bias == true ? found.map { Tensor($0.suffix(width), shape: [width]) } : nil
    return (weight == nil ? [] : [ofWeight]) + (bias == nil ? [] : [ofBias])
  }
}

/// (x - mean) scale + bias over the last axis.
func normalized(_ x: Tensor, mean: [Float], scale: [Float], bias: Tensor?) -> Tensor {
  let width = mean.count
  let y = Tensor.uninitialized(x.shape)
  let (input, result) = (x.storage, y.storage)
  let shift = (bias ?? .zeros([width])).storage
  parallel(over: x.count / max(1, width), grain: max(1, (1 << 15) / max(1, width))) { range in
    let start = range.lowerBound * width
    dp_normalize_columns(
      result.base + start, input.base + start, mean, scale, shift.base, range.count, width)
  }
  return y
}

/// `[2 C]`: sum of g (x - mean) inverse, sum of g.
private func normParameterSums(
  _ g: TensorStorage, _ x: TensorStorage, mean: [Float], inverse: [Float], rows: Int
) -> Tensor {
  let width = mean.count
  return columnSums(rows: rows, width: width, sums: 2) { range, sum in
    let start = range.lowerBound * width
    dp_batch_norm_parameters_backward(
      sum, sum + width, g.base + start, x.base + start, mean, inverse, range.count, width)
  }
}
