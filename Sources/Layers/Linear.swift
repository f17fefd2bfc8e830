import Tensors

/// y = x Wᵀ + b.
public struct Linear: UnaryLayer {
  /// `[O, I]`.
  public let weight: Parameter
  /// `[O]`.
  public let bias: Parameter?

  /// A linear layer; the truncated normal of vision transformers unless said otherwise. Its layout is `.flattened` when
  /// the input is a flattened feature map.
  public init(
    _ inputs: Int, _ outputs: Int, bias hasBias: Bool = true,
    initializer: Initializer = .truncatedNormal(deviation: 0.02), layout: WeightLayout = .plain
  ) {
    weight = Parameter([outputs, inputs], initializer, layout: layout)
    bias = hasBias ? Parameter([outputs], .zeros) : nil
  }

  /// Weight and bias.
  public var tree: ParameterTree { ["weight": .parameter(weight), "bias": .optional(bias)] }

  /// `[..., I]` to `[..., O]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, activation: nil) }

  /// The same with an activation after it.
  public func callAsFunction(_ x: Tensor, activation: Activation?) -> Tensor {
    if let weights = weights(for: x) {
      return linear(x, weights: weights, bias: bias?.value, activation: activation)
    }
    return linear(x, weight: weight.value, bias: bias?.value, activation: activation)
  }

  /// The same of a layer norm's result: in inference the norm is taken as the product reads its rows.
  public func callAsFunction(_ x: Tensor, after norm: LayerNorm, activation: Activation? = nil) -> Tensor {
    if let weights = weights(for: x, norm) {
      return linear(
        x, weights: weights, after: norm.preceding, bias: bias?.value, activation: activation)
    }
    return self(norm(x), activation: activation)
  }

  /// The same added to a tensor of the result's shape, if there is one: in inference before the sums leave the cache.
  public func callAsFunction(_ x: Tensor, addedTo residual: Tensor?) -> Tensor {
    guard let residual else { return self(x) }
    if let weights = weights(for: x, adding: residual) {
      return linear(x, weights: weights, bias: bias?.value, adding: residual)
    }
    return residual + self(x)
  }

  /// second(activation(self(norm(x)))) added to a tensor: in inference some rows at a time, so that what lies between the
  /// two takes no memory.
  public func callAsFunction(
    _ x: Tensor, after norm: LayerNorm, _ activation: Activation, then second: Linear,
    addedTo residual: Tensor?
  ) -> Tensor {
    // Nothing that lies between needs a gradient where neither the input nor a weight does.
    if let own = weights(for: x, norm, adding: residual), let others = second.weights(for: x) {
      return perceptron(
        x, after: norm.preceding, (own, bias?.value), activation, (others, second.bias?.value),
        adding: residual)
    }
    return second(self(x, after: norm, activation: activation), addedTo: residual)
  }

  /// What its products take: bfloat16 after inference has rounded the weight.
  package var precision: Precision { weight.keepsFloat32 ? .float32 : .bfloat16 }

  /// The weights as inference takes them; nil where something is to be differentiated.
  private func weights(
    for x: Tensor, _ norm: LayerNorm? = nil, adding residual: Tensor? = nil
  ) -> InferenceWeights? {
    if let half { return .bfloat16(half) }
    let numbers = [x, weight.value, bias?.value, norm?.weight.value, norm?.bias.value, residual]
    return numbers.contains { $0?.needsGradient ?? false } ? nil : .float32(weight.value)
  }

  private var half: HalfWeights? { weight.half { HalfWeights(linear: $0) } }

  /// Some of the outputs, which lie within `0..<O`: `[..., I]` to `[..., outputs.count]`. Parts that go different ways
  /// are made apart, for less than being cut out of a whole.
  public func callAsFunction(_ x: Tensor, outputs: Range<Int>) -> Tensor {
    if let half {
      let bias = bias?.value.sliced(axis: 0, from: outputs.lowerBound, to: outputs.upperBound)
      guard let part = half[outputs] else {
        return linear(x, half: half, bias: self.bias?.value)
          .sliced(axis: -1, from: outputs.lowerBound, to: outputs.upperBound)
      }
      return linear(x, half: part, bias: bias)
    }
    let part = { (tensor: Tensor) in tensor.sliced(axis: 0, from: outputs.lowerBound, to: outputs.upperBound)
    }
    return linear(x, weight: part(weight.value), bias: bias.map { part($0.value) })
  }
}
