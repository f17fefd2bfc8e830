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
    linear(x, weight: weight.value, bias: bias?.value, activation: activation)
  }

  /// Some of the outputs, which lie within `0..<O`: `[..., I]` to `[..., outputs.count]`. Parts that go different ways
  /// are made apart, for less than being cut out of a whole.
  public func callAsFunction(_ x: Tensor, outputs: Range<Int>) -> Tensor {
    let part = { (tensor: Tensor) in tensor.sliced(axis: 0, from: outputs.lowerBound, to: outputs.upperBound)
    }
    return linear(x, weight: part(weight.value), bias: bias.map { part($0.value) })
  }
}
