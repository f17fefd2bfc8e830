import Foundation
import Tensors

/// The distribution that a new weight is drawn from (`RECIPES`: published initialisations).
///
/// Fans are PyTorch's: of a weight `[O, I, kh, kw]`, in = I kh kw, out = O kh kw.
public enum Initializer: Sendable {
  case zeros
  case ones
  case constant(Float)
  /// Normal around 0, drawn again beyond two units (PyTorch's `trunc_normal_` cuts at ±2, not at ±2 deviations).
  case truncatedNormal(deviation: Float)
  case normal(deviation: Float)
  /// Uniform in ±bound.
  case uniform(bound: Float)
  /// PyTorch's default of convolutions and linear layers: uniform in ±fan_in^-0.5.
  case uniformByFanIn
  /// Uniform with variance 2 / (fan_in + fan_out) (Glorot).
  case xavierUniform
  /// Normal with variance 2 / fan_out (Kaiming, fan out, ReLU).
  case kaimingNormalFanOut
  /// Numbers that the layer computes from random ones; the closure gets the shape in PyTorch's layout.
  case custom(@Sendable (_ shape: [Int], _ generator: inout RandomGenerator) -> [Float])

  /// Draws the numbers of a weight.
  ///
  /// They are drawn in PyTorch's order, so that the layout in memory does not change them.
  func draw(shape: [Int], layout: WeightLayout, _ generator: inout RandomGenerator) -> Tensor {
    let count = shape.reduce(1, *)
    let spatial = shape.dropFirst(2).reduce(1, *)
    let fanIn = (shape.count > 1 ? shape[1] : 1) * spatial
    let fanOut = (shape.first ?? 1) * spatial
    func uniform(_ bound: Float) -> [Float] { (0..<count).map { _ in generator.uniform(-bound, bound) } }
    func normal(_ deviation: Float) -> [Float] { (0..<count).map { _ in generator.normal() * deviation } }
    let values: [Float]
    switch self {
    case .zeros: values = [Float](repeating: 0, count: count)
    case .ones: values = [Float](repeating: 1, count: count)
    case .constant(let value): values = [Float](repeating: value, count: count)
    case .truncatedNormal(let deviation):
      values = (0..<count).map { _ in
        var value = generator.normal() * deviation
        while abs(value) > 2 { value = generator.normal() * deviation }
        return value
      }
    case .normal(let deviation): values = normal(deviation)
    case .uniform(let bound): values = uniform(bound)
    case .uniformByFanIn: values = uniform(1 / Float(max(1, fanIn)).squareRoot())
    case .xavierUniform: values = uniform((6 / Float(max(1, fanIn + fanOut))).squareRoot())
    case .kaimingNormalFanOut: values = normal((2 / Float(max(1, fanOut))).squareRoot())
    case .custom(let make): values = make(shape, &generator)
    }
    return layout.fromPyTorch(Tensor(values, shape: shape))
  }
}

extension RandomGenerator {
  /// Standard normal (Box and Muller, 1958).
  public mutating func normal() -> Float {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * Float.pi * uniform())
  }
}
