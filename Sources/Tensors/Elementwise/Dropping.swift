import CKernels

/// Dropout of single numbers (Srivastava et al., 2014): kept ones are scaled by 1 / (1 - probability).
///
/// Nothing is stored for the backward pass: the random numbers are made again.
///
/// - Parameters:
///   - x: `[B, ...]`.
///   - probability: That a number is dropped.
///   - generators: One for each sample, none of which has been drawn from.
public func dropout(_ x: Tensor, probability: Float, generators: [RandomGenerator]) -> Tensor {
  require(
    x.rank >= 1 && generators.count == x.shape[0], "\(generators.count) generators for shape \(x.shape)")
  require(0 <= probability && probability <= 1, "probability \(probability)")
  let keys = generators.map(\.words)
  return Tensor.operation("dropout", of: [x]) {
    func dropped(_ x: Tensor) -> Tensor {
      let y = Tensor.uninitialized(x.shape)
      guard x.count > 0 else { return y }
      let width = x.count / keys.count
      // The kernel makes 64 random numbers at once.
      let units = (width + 63) / 64
      let chunks = min(32, max(1, units >> 6))
      let (input, result) = (x.storage, y.storage)
      parallel(keys.count * chunks) { piece in
        let (sample, chunk) = (piece / chunks, piece % chunks)
        let first = units * chunk / chunks * 64
        let end = min(width, units * (chunk + 1) / chunks * 64)
        let start = sample * width + first
        dp_dropout(
          result.base + start, input.base + start, keys[sample].key, keys[sample].counter, first,
          end - first, probability, 1 / (1 - probability))
      }
      return y
    }
    return (dropped(x), { [dropped($0)] })
  }
}

/// Dropout of whole channels of a sample (Tompson et al., 2015): kept ones are scaled by 1 / (1 - probability).
///
/// - Parameters:
///   - x: `[B, ..., C]`.
///   - probability: That a channel is dropped.
///   - generators: One for each sample.
public func channelDropout(_ x: Tensor, probability: Float, generators: [RandomGenerator]) -> Tensor {
  require(
    x.rank >= 2 && generators.count == x.shape[0], "\(generators.count) generators for shape \(x.shape)")
  let channels = x.shape[x.rank - 1]
  return scaledSamples("channel_dropout", x, width: channels) {
    dropFactors(count: channels, probability: probability, generators: generators)
  }
}

/// Dropping of whole samples (Huang et al., 2016): kept ones are scaled by 1 / (1 - probability).
///
/// - Parameters:
///   - x: `[B, ...]`.
///   - probability: That a sample is dropped.
///   - generators: One for each sample.
public func stochasticDepth(_ x: Tensor, probability: Float, generators: [RandomGenerator]) -> Tensor {
  require(
    x.rank >= 1 && generators.count == x.shape[0], "\(generators.count) generators for shape \(x.shape)")
  return scaledSamples("stochastic_depth", x, width: 1) {
    dropFactors(count: 1, probability: probability, generators: generators)
  }
}

/// What `stochasticDepth` multiplies each sample by: 0, or 1 / (1 - probability).
public func stochasticDepthFactors(probability: Float, generators: [RandomGenerator]) -> [Float] {
  dropFactors(count: 1, probability: probability, generators: generators).values
}

/// `count` factors for each sample: 0, or 1 / (1 - probability).
private func dropFactors(count: Int, probability: Float, generators: [RandomGenerator]) -> Tensor {
  require(0 <= probability && probability <= 1, "probability \(probability)")
  var factors: [Float] = []
  for var generator in generators {
    for _ in 0..<count { factors.append(generator.uniform() < probability ? 0 : 1 / (1 - probability)) }
  }
  return Tensor(factors, shape: [generators.count, count])
}

/// Each sample of `[B, ..., width]` times its own row of factors.
private func scaledSamples(_ name: String, _ x: Tensor, width: Int, factors: () -> Tensor) -> Tensor {
  Tensor.operation(name, of: [x]) {
    let factors = factors().storage
    func scaled(_ x: Tensor) -> Tensor {
      let y = Tensor.uninitialized(x.shape)
      guard x.count > 0 else { return y }
      let samples = x.shape[0]
      let rows = x.count / (samples * width)
      let chunks = min(32, max(1, (rows * width) >> 15))
      let (input, result) = (x.storage, y.storage)
      parallel(samples * chunks) { piece in
        let (sample, chunk) = (piece / chunks, piece % chunks)
        let (first, end) = (rows * chunk / chunks, rows * (chunk + 1) / chunks)
        let start = (sample * rows + first) * width
        dp_multiply_right(
          result.base + start, input.base + start, factors.base + sample * width, end - first, width)
      }
      return y
    }
    return (scaled(x), { [scaled($0)] })
  }
}
