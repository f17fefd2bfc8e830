import Layers
import Tensors

/// VMamba's names before its second release, its linear layers as 1x1 convolutions, and the norms that its classifiers
/// lack.
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

  /// The linear layers, by their places in a block, `layers.I.blocks.J.`, and in a stage, `layers.I.`.
  private static let linearOfBlock = ["op.in_proj", "op.out_proj", "mlp.fc1", "mlp.fc2"]
  private static let linearOfStage = "downsample.reduction"

  private static func isLinear(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 5, parts.last == "weight" else { return false }
    let layer = parts.dropLast().suffix(2).joined(separator: ".")
    var place = parts.dropLast(3)[...]
    if linearOfBlock.contains(layer) {
      guard place.count >= 4, let block = place.popLast(), Int(block) != nil, place.popLast() == "blocks"
      else { return false }
    } else if layer != linearOfStage {
      return false
    }
    guard let stage = place.popLast(), Int(stage) != nil else { return false }
    return place.last == "layers"
  }

  /// Linear layers that are held as 1x1 convolutions, `[O, I, 1, 1]`, become `[O, I]`; the embedding of positions,
  /// `[1, C, h, w]`, comes to the model's resolution.
  public func converted(
    _ numbers: () -> Tensor, of name: String, shape: (stored: [Int], wanted: [Int]?), isOlder _: Bool
  ) -> Tensor? {
    let stored = shape.stored
    guard stored.count == 4, !stored.contains(0) else { return nil }
    if stored[2...] == [1, 1], Self.isLinear(name) { return numbers().reshaped(Array(stored[..<2])) }
    guard name == "pos_embed" || name.hasSuffix(".pos_embed"), let wanted = shape.wanted, wanted != stored,
      wanted.count == 4, wanted[0] == 1, wanted[..<2] == stored[..<2]
    else { return nil }
    let (height, width) = (wanted[2], wanted[3])
    return withoutGradients {
      PositionResizing()(
        numbers().permuted([0, 2, 3, 1]).reshaped([stored[2] * stored[3], stored[1]]),
        from: (stored[2], stored[3]), to: (height, width)
      )
      .reshaped([1, height, width, stored[1]]).permuted([0, 3, 1, 2])
    }
  }
}
