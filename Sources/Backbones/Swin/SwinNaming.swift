import Layers
import Tensors

/// The names of the Swin release for a backbone under mmdetection's, what its files hold besides, and biases and
/// positions learnt at another resolution.
struct SwinNaming: WeightNaming {
  let form: SwinTransformer.Form
  /// Patches of the images that the backbone's own positions stand for.
  let grid: (height: Int, width: Int)

  /// A classifier has no norms of the returned maps but its own, and timm's files lack the index.
  var optionalInPretrained: [String] { ["norm*", "*relative_position_index"] }

  /// What stands before `layers.I.blocks.J.attn.` or `layers.I.blocks.J.attn_mask`; nil for any other name. In the
  /// release's own form only a mask is foreign.
  func start(ofOlder name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard
      let place = parts.lastIndex(where: { $0 == "attn_mask" || (form == .mm && $0 == "attn") }), place >= 4,
      parts[place - 4] == "layers", Int(parts[place - 3]) != nil, parts[place - 2] == "blocks",
      Int(parts[place - 1]) != nil
    else { return nil }
    return parts[..<(place - 4)].map { $0 + "." }.joined()
  }

  /// mmdetection's name of a weight of the release.
  func currentName(of name: String) -> String {
    guard form == .mm else { return name }
    if name.hasPrefix("patch_embed.proj.") {
      return "patch_embed.projection." + name.dropFirst("patch_embed.proj.".count)
    }
    var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 3, parts[0] == "layers" else { return name }
    parts[0] = "stages"
    if parts.count > 5, parts[2] == "blocks" {
      switch (parts[4], parts[5]) {
      case ("attn", _): parts.insert("w_msa", at: 5)
      case ("mlp", "fc1"): parts.replaceSubrange(4...5, with: ["ffn", "layers", "0", "0"])
      case ("mlp", "fc2"): parts.replaceSubrange(4...5, with: ["ffn", "layers", "1"])
      default: break
      }
    }
    return parts.joined(separator: ".")
  }

  /// Masks are computed.
  func leavesOut(_ name: String) -> Bool { name.hasSuffix(".attn_mask") }

  func converted(
    _ numbers: () -> Tensor, of name: String, shape: (stored: [Int], wanted: [Int]?), isOlder: Bool
  ) -> Tensor? {
    if form == .mm, isOlder, name.contains(".downsample."), let width = shape.stored.last, width % 4 == 0 {
      return unfolded(numbers())
    }
    guard let wanted = shape.wanted, wanted != shape.stored, wanted.count == shape.stored.count else {
      return nil
    }
    if name.hasSuffix("relative_position_index") { return index(to: wanted) }
    if name.hasSuffix("relative_position_bias_table") { return resizedBias(numbers(), to: wanted) }
    if name.hasSuffix("absolute_pos_embed") { return resizedPositions(numbers(), to: wanted) }
    return nil
  }

  /// Blocks (0,0), (1,0), (0,1), (1,1) of the last axis as channels 4c + 2r + q of row r, column q.
  private func unfolded(_ x: Tensor) -> Tensor {
    let quarter = x.shape[x.rank - 1] / 4
    return x.reshaped([max(1, x.count / (4 * quarter)), 2, 2, quarter]).permuted([0, 3, 2, 1])
      .reshaped(x.shape)
  }

  /// A table `[(2w - 1)^2, heads]` for windows of another size.
  private func resizedBias(_ table: Tensor, to wanted: [Int]) -> Tensor? {
    guard wanted[1] == table.shape[1], let old = side(table.shape[0]), let new = side(wanted[0]) else {
      return nil
    }
    return PositionResizing()(table, from: (old, old), to: (new, new))
  }

  /// The index goes with the windows, whatever those of the file are.
  private func index(to wanted: [Int]) -> Tensor? {
    guard wanted.count == 2, wanted[0] == wanted[1], let window = side(wanted[0]) else { return nil }
    return Tensor(RelativePositions.index(window: window).map { Float($0) }, shape: wanted)
  }

  /// Positions `[1, h * w, C]` of a square for those of the grid.
  private func resizedPositions(_ table: Tensor, to wanted: [Int]) -> Tensor? {
    guard table.rank == 3, table.shape[0] == 1, wanted[2] == table.shape[2], let old = side(table.shape[1])
    else { return nil }
    return PositionResizing()(table, from: (old, old), to: grid).reshaped(wanted)
  }
}

/// The side of a square of so many cells; nil where there is none.
func side(_ cells: Int) -> Int? {
  let side = Int(Double(cells).squareRoot().rounded())
  return side > 0 && side * side == cells ? side : nil
}
