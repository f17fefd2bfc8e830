import Layers
import Tensors

/// `clip_grad`: scales all gradients together so that their norm is `max_norm` at most
/// (PyTorch's `clip_grad_norm_`).
public struct GradientClipping: Decodable, Sendable {
  /// The largest norm.
  public var largestNorm: Double

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case largestNorm = "max_norm"
    case power = "norm_type"
  }

  /// Clips at a norm.
  public init(largestNorm: Double) { self.largestNorm = largestNorm }

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    if let kind = try keys.decodeIfPresent(String.self, forKey: .kind), kind != "norm" {
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: keys, debugDescription: "unknown clipping '\(kind)': there is only 'norm'")
    }
    if let power = try keys.decodeIfPresent(Double.self, forKey: .power), power != 2 {
      throw DecodingError.dataCorruptedError(
        forKey: .power, in: keys, debugDescription: "there is only the norm of type 2")
    }
    largestNorm = try keys.decode(Double.self, forKey: .largestNorm, in: 0...1e30)
  }

  /// Scales the gradients; their norm before was `norm`.
  package func clip(_ parameters: [Parameter], norm: Double) {
    let factor = Float(min(1, largestNorm / (norm + 1e-6)))
    guard factor < 1 else { return }
    for parameter in parameters {
      guard var gradient = parameter.gradient else { continue }
      // Let go of first, so that it is scaled in place.
      parameter.gradient = nil
      gradient.scale(by: factor)
      parameter.gradient = gradient
    }
  }
}
