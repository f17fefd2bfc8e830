import Tensors

/// What surrounds the scan (`forward_type` of the release): a way to run it, then tags, such as `v05_onnone_noz`.
///
/// The ways `v01` to `v05`, `v2` and `v3` and the tag `_no32` differ in precision and speed on an accelerator only, and
/// are one model here. `v0` and `v0seq` are the model of February 2024, whatever the other keys say about it.
public struct ScanForm: RawRepresentable, Decodable, Sendable {
  /// What multiplies the result of the scan.
  enum Gate: Sendable { case activated, plain, none }

  /// What normalises the result of the scan, by its tag.
  enum OutputNorm: String, CaseIterable, Sendable {
    case layerNorm = ""
    case none = "_onnone"
    case depthwise = "_ondwconv3"
    case layerNormDepthwise = "_oncnorm"
    case softmax = "_onsoftmax"
    case sigmoid = "_onsigmoid"
  }

  /// As a config has it.
  public let rawValue: String
  let gate: Gate
  let outputNorm: OutputNorm
  /// GELU between the norm and the gate.
  let activatesOutput: Bool

  private static let firstWays = ["v0", "v0seq"]
  private static let ways = ["v01", "v02", "v03", "v04", "v05", "v2", "v3"]

  /// A gate and a layer norm: `v2`.
  public init() {
    (rawValue, gate, outputNorm, activatesOutput) = ("v2", .activated, .layerNorm, false)
  }

  /// Whether it is the model of February 2024.
  var isFirst: Bool { Self.firstWays.contains(rawValue) }

  /// How the tables of the release count it: `v05` projects by convolutions in groups, the others by an einsum.
  var accounting: ScanAccounting { isFirst ? .v0 : rawValue.hasPrefix("v05") ? .v05 : .v3 }

  /// A form by its name; nil for one that is not known.
  public init?(rawValue text: String) {
    rawValue = text
    let way = String(text.prefix { $0 != "_" })
    var rest = text.dropFirst(way.count)
    func take(_ tag: String) -> Bool {
      guard rest == tag || rest.hasPrefix(tag + "_") else { return false }
      rest = rest.dropFirst(tag.count)
      return true
    }
    outputNorm = OutputNorm.allCases.first { $0 != .layerNorm && take($0.rawValue) } ?? .layerNorm
    gate = take("_nozact") ? .plain : take("_noz") ? .none : .activated
    activatesOutput = take("_oact")
    _ = take("_no32")
    guard rest.isEmpty, Self.ways.contains(way) || Self.firstWays.contains(text) else { return nil }
  }

  /// Decodes the name.
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    let text = try value.decode(String.self)
    guard let form = ScanForm(rawValue: text) else {
      let norms = OutputNorm.allCases.map(\.rawValue).filter { !$0.isEmpty }.joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        in: value,
        debugDescription: "'\(text)' is not known; there are \(Self.firstWays.joined(separator: ", ")), and "
          + "\(Self.ways.joined(separator: ", ")) with, in this order, at most one of \(norms), "
          + "one of _nozact, _noz, then _oact, _no32: v05_noz")
    }
    self = form
  }
}
