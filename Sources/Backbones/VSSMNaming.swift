import Layers

/// VMamba's names before its second release, and the norms that its classifiers lack.
public struct VSSMNaming: WeightNaming {
  /// What all backbones of this type know.
  public init() {}

  /// The norms of the returned maps: a classifier has none.
  public var optionalInPretrained: [String] { ["outnorm*"] }

  /// What stands before `layers.I.blocks.J.self_attention.` or `layers.I.blocks.J.ln_1.`; nil for any other name.
  public func start(ofOlder name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let block = parts.firstIndex(where: { $0 == "self_attention" || $0 == "ln_1" }), block >= 4,
      parts[block - 4] == "layers", Int(parts[block - 3]) != nil, parts[block - 2] == "blocks",
      Int(parts[block - 1]) != nil
    else { return nil }
    return parts[..<(block - 4)].map { $0 + "." }.joined()
  }

  /// Today's name of a weight of the first release, a classifier's included.
  public func currentName(of name: String) -> String {
    for (old, new) in [
      ("patch_embed.proj.", "patch_embed.0."), ("patch_embed.norm.", "patch_embed.2."),
      ("norm.", "classifier.norm."), ("head.", "classifier.head."),
    ] where name.hasPrefix(old) {
      return new + name.dropFirst(old.count)
    }
    var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 5, parts[0] == "layers", parts[2] == "blocks" else { return name }
    switch parts[4] {
    case "ln_1": parts[4] = "norm"
    case "self_attention": parts[4] = "op"
    default: return name
    }
    return parts.joined(separator: ".")
  }
}
