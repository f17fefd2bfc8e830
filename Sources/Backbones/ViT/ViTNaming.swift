import Layers
import Tensors

/// mmpretrain's and mmsegmentation's names of a vision transformer, and positions learnt at another resolution.
struct ViTNaming: WeightNaming {
  /// Patches of the images that the model's own positions are for.
  let grid: (height: Int, width: Int)
  let resizing: PositionResizing

  /// timm's small files may lack the norm behind the last block.
  var optionalInPretrained: [String] { ["norm.*"] }

  /// What stands before `layers.I.ln1.`; nil for any other name.
  func start(ofOlder name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let place = parts.lastIndex(of: "ln1"), place >= 2, parts[place - 2] == "layers",
      Int(parts[place - 1]) != nil
    else { return nil }
    return parts[..<(place - 2)].map { $0 + "." }.joined()
  }

  /// timm's name of a weight of mm's.
  func currentName(of name: String) -> String {
    for (old, new) in [("patch_embed.projection.", "patch_embed.proj."), ("ln1.", "norm.")]
    where name.hasPrefix(old) {
      return new + name.dropFirst(old.count)
    }
    var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 3, parts[0] == "layers", Int(parts[1]) != nil else { return name }
    parts[0] = "blocks"
    switch Array(parts[2...].dropLast()) {
    case ["ln1"]: parts[2] = "norm1"
    case ["ln2"]: parts[2] = "norm2"
    case ["ffn", "layers", "0", "0"]: parts.replaceSubrange(2...5, with: ["mlp", "fc1"])
    case ["ffn", "layers", "1"]: parts.replaceSubrange(2...4, with: ["mlp", "fc2"])
    default: break
    }
    return parts.joined(separator: ".")
  }

  /// Positions `[1, 1 + h * w, C]` of a square grid, at the model's.
  func converted(
    _ numbers: () -> Tensor, of name: String, shape: (stored: [Int], wanted: [Int]?), isOlder: Bool
  ) -> Tensor? {
    let stored = shape.stored
    guard name == "pos_embed" || name.hasSuffix(".pos_embed"), let wanted = shape.wanted, stored != wanted,
      stored.count == 3, wanted.count == 3, stored[0] == 1, stored[2] == wanted[2],
      let old = side(stored[1] - 1)
    else { return nil }
    return resizing.withClassToken(numbers(), from: (old, old), to: grid)
  }
}
