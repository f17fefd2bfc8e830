import Layers
import Tensors

/// `ssm_act_layer` and `mlp_act_layer` of the release, in any case of letters.
public enum VSSMActivation: String, Decodable, CaseIterable, Sendable {
  case silu, gelu, relu, sigmoid

  /// Decodes a name in any case of letters.
  public init(from decoder: any Decoder) throws { self = try decoder.wordInAnyCase() }

  var function: Activation {
    switch self {
    case .silu: .silu
    case .gelu: .gelu
    case .relu: .relu
    case .sigmoid: .sigmoid
    }
  }
}

/// `norm_layer` of the release, in any case of letters: the norms of all but the scan's result.
public enum VSSMNorm: String, Decodable, CaseIterable, Sendable {
  /// Layer norm.
  case ln
  /// The same, in a release that keeps its maps channels first.
  case ln2d
  /// Batch norm.
  case bn

  /// Decodes a name in any case of letters.
  public init(from decoder: any Decoder) throws { self = try decoder.wordInAnyCase() }

  func make(_ channels: Int) -> any UnaryLayer {
    switch self {
    case .ln, .ln2d: LayerNorm(channels)
    case .bn: BatchNorm2d(channels)
    }
  }
}

extension Decoder {
  /// One of an enumeration's words, which are in small letters.
  fileprivate func wordInAnyCase<Word: RawRepresentable<String>>() throws -> Word {
    let value = try singleValueContainer()
    let text = try value.decode(String.self)
    guard let word = Word(rawValue: text.lowercased()) else {
      throw DecodingError.dataCorruptedError(in: value, debugDescription: "'\(text)' is not known")
    }
    return word
  }
}
