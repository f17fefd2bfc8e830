import Configuration
import Foundation
import Layers
import Tensors

/// `clip_grad`: scales all gradients together so that their norm is `max_norm` at most (PyTorch's `clip_grad_norm_`), or
/// brings every element to `-clip_value ... clip_value` (`clip_grad_value_`).
public struct GradientClipping: Decodable, Sendable {
  /// What is limited.
  public enum Kind: Sendable, Equatable {
    /// The norm over all gradients together; the power may be infinite, for the largest absolute value.
    case norm(limit: Double, power: Double)
    /// Every element.
    case value(Double)
  }

  /// What is limited.
  public var kind: Kind

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case largestNorm = "max_norm"
    case power = "norm_type"
    case largestValue = "clip_value"
  }

  private enum Name: String, Decodable, CaseIterable { case norm, value }

  /// Clips at the Euclidean norm.
  public init(largestNorm: Double) { kind = .norm(limit: largestNorm, power: 2) }

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let name = try keys.decodeIfPresent(Name.self, forKey: .kind) ?? .norm
    let foreign: [CodingKeys] = name == .norm ? [.largestValue] : [.largestNorm, .power]
    if let key = foreign.first(where: { keys.contains($0) }) {
      throw keys.refusal("is not a key of clipping by \(name.rawValue)", forKey: key)
    }
    switch name {
    case .value: kind = .value(try keys.decode(Double.self, forKey: .largestValue, in: 0...1e30))
    case .norm:
      kind = .norm(
        limit: try keys.decode(Double.self, forKey: .largestNorm, in: 0...1e30),
        power: try Self.power(keys))
    }
  }

  /// A number above 0, or `inf` as a word.
  private static func power(_ keys: KeyedDecodingContainer<CodingKeys>) throws -> Double {
    guard keys.contains(.power), try !keys.decodeNil(forKey: .power) else { return 2 }
    if let word = try? keys.decode(String.self, forKey: .power),
      ["inf", "+inf", ".inf", "infinity"].contains(word.lowercased())
    {
      return .infinity
    }
    let power = try keys.decode(Double.self, forKey: .power)
    guard power > 0 else { throw keys.refusal("a number above 0, or inf, is wanted", forKey: .power) }
    return power
  }

  /// The norm that is reported: of the gradients before they are clipped; nil where single values are clipped.
  ///
  /// - Parameter euclidean: That of power 2, which is known already.
  package func norm(of parameters: [Parameter], euclidean: Double) -> Double? {
    guard case .norm(_, let power) = kind else { return nil }
    if power == 2 { return euclidean }
    let gradients = parameters.compactMap(\.gradient)
    if power == .infinity { return gradients.reduce(0) { max($0, $1.largestMagnitude) } }
    return pow(gradients.reduce(0) { $0 + $1.sumOfMagnitudes(toThe: power) }, 1 / power)
  }

  /// Limits the gradients; `norm` is what `norm(of:euclidean:)` gave.
  package func clip(_ parameters: [Parameter], norm: Double?) {
    switch kind {
    case .value(let bound): change(parameters) { $0.clamp(to: Float(bound)) }
    case .norm(let limit, _):
      let factor = Float(min(1, limit / ((norm ?? 0) + 1e-6)))
      guard factor < 1 else { return }
      change(parameters) { $0.scale(by: factor) }
    }
  }

  private func change(_ parameters: [Parameter], _ body: (inout Tensor) -> Void) {
    for parameter in parameters {
      guard var gradient = parameter.gradient else { continue }
      // Let go of first, so that it is changed in place.
      parameter.gradient = nil
      body(&gradient)
      parameter.gradient = gradient
    }
  }
}
