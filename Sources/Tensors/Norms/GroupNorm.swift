import CKernels

/// Group norm (Wu and He, 2018): the channels of a group share mean and variance over all positions of a sample.
///
/// - Parameters:
///   - x: `[B, ..., C]`.
///   - groups: How many parts the channels are cut into.
///   - weight: `[C]`; 1 when nil.
///   - bias: `[C]`; 0 when nil.
///   - epsilon: Added to the biased variance.
/// - Returns: `[B, ..., C]`.
public func groupNorm(
  _ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, epsilon: Float
) -> Tensor {
  require(x.rank >= 2, "groupNorm of x \(x.shape)")
  let width = channels(of: x, weight, bias)
  require(groups > 0 && width % groups == 0, "groupNorm of x \(x.shape) in \(groups) groups")
  let samples = SampleColumns(samples: x.shape[0], rows: x.shape[1..<x.rank - 1].product, width: width)
  let perGroup = width / groups
  let share = 1 / Double(max(1, samples.rows * perGroup))
  /// Sums of the channels of each group, `[samples * groups]` from `[samples, ..., C]`.
  func grouped(_ numbers: [Float], every stride: Int, at offset: Int = 0) -> [Double] {
    (0..<samples.samples * groups).map { index in
      let first = index / groups * stride + offset + index % groups * perGroup
      return numbers[first..<first + perGroup].reduce(0) { $0 + Double($1) }
    }
  }
  /// One number a channel, `[samples * C]`, from one a group.
  func spread(_ numbers: [Double]) -> [Float] {
    numbers.flatMap { repeatElement(Float($0), count: perGroup) }
  }
  OperationCounter.current?.add(.groupNorm, 5, x.count)
  return Tensor.operation("group_norm", of: [x] + [weight, bias].compactMap(\.self)) {
    let input = x.storage
    let factors = weight?.values ?? [Float](repeating: 1, count: width)
    let mean = spread(
      grouped(
        samples.sums(1) { _, start, rows, sum in
          dp_accumulate_rows(sum, input.base + start, rows, width)
        }, every: width
      ).map { $0 * share })
    let inverse = spread(
      grouped(
        samples.sums(1) { sample, start, rows, sum in
          mean.withUnsafeBufferPointer {
            dp_accumulate_squares(
              sum, input.base + start, $0.baseAddress?.advanced(by: sample * width), rows, width)
          }
        }, every: width
      ).map { 1 / ($0 * share + Double(epsilon)).squareRoot() })
    let scale = inverse.indices.map { inverse[$0] * factors[$0 % width] }
    let shift = (bias ?? .zeros([width])).storage
    let y = Tensor.uninitialized(x.shape)
    let result = y.storage
    samples.forEachPiece { sample, start, rows, _ in
      dp_normalize_columns(
        result.base + start, input.base + start, Array(mean[sample * width..<(sample + 1) * width]),
        Array(scale[sample * width..<(sample + 1) * width]), shift.base, rows, width)
    }
    let needsX = x.needsGradient
    let parameters = NormParameters(weight: weight, bias: bias, width: width)
    return (
      y,
      { gradient in
        let g = gradient.storage
        // Of each sample and channel: sum of g (x - mean) inverse, sum of g.
        let sums = samples.sums(2) { sample, start, rows, sum in
          dp_batch_norm_parameters_backward(
            sum, sum + width, g.base + start, input.base + start,
            Array(mean[sample * width..<(sample + 1) * width]),
            Array(inverse[sample * width..<(sample + 1) * width]), rows, width)
        }
        var gx: Tensor?
        if needsX {
          let weighted = sums.indices.map { sums[$0] * factors[$0 % width] }
          let dot = spread(grouped(weighted, every: 2 * width).map { $0 * share })
          let sum = spread(grouped(weighted, every: 2 * width, at: width).map { $0 * share })
          let slope = inverse.indices.map { inverse[$0] * inverse[$0] * dot[$0] }
          let offset = inverse.indices.map { inverse[$0] * sum[$0] }
          let output = Tensor.uninitialized(gradient.shape)
          let result = output.storage
          samples.forEachPiece { sample, start, rows, _ in
            let own = sample * width..<(sample + 1) * width
            dp_batch_norm_backward(
              result.base + start, g.base + start, input.base + start, Array(mean[own]), Array(scale[own]),
              Array(slope[own]), Array(offset[own]), rows, width)
          }
          gx = output
        }
        return [gx]
          + parameters.gradients {
            Tensor(sums, shape: [samples.samples, 2 * width]).sum(axes: [0])
          }
      }
    )
  }
}

/// The rows of `[samples, rows, width]`, cut into pieces that depend on the sizes alone.
private struct SampleColumns: Sendable {
  let samples, rows, width: Int

  /// Not more than about a thousand additions into one number, for their rounding errors grow.
  private var pieces: Int { min(64, max(1, max((rows * width) >> 16, rows >> 10))) }

  /// Runs `body` for each piece, with its sample, its first number, its rows and its place among all pieces.
  func forEachPiece(
    _ body: @escaping @Sendable (_ sample: Int, _ start: Int, _ rows: Int, _ piece: Int) -> Void
  ) {
    let pieces = pieces
    parallel(samples * pieces) { [rows, width] piece in
      let (sample, part) = (piece / pieces, piece % pieces)
      let (first, end) = (rows * part / pieces, rows * (part + 1) / pieces)
      body(sample, (sample * rows + first) * width, end - first, piece)
    }
  }

  /// `[samples, count * width]`: sums that `body` adds to from its rows.
  func sums(
    _ count: Int,
    _ body:
      @escaping @Sendable (
        _ sample: Int, _ start: Int, _ rows: Int, _ sum: UnsafeMutablePointer<Float>
      ) -> Void
  ) -> [Float] {
    let wide = count * width
    let partial = Tensor.filled(0, shape: [samples, pieces, wide])
    let storage = partial.storage
    forEachPiece { sample, start, rows, piece in body(sample, start, rows, storage.base + piece * wide) }
    return partial.sum(axes: [1]).values
  }
}
