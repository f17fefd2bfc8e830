import Layers

/// detectron2's names of a ResNet (`res2.0.conv1.norm.weight`), and Caffe2's of its files of ImageNet
/// (`res2_0_branch2a_bn_s`).
///
/// detectron2's files of the MSRA models (`R-50.pkl`, `R-101.pkl`) are for `style: caffe` and for blue, green and red in
/// this order (`bgr_to_rgb: false`, mean [103.53, 116.28, 123.675], std [1, 1, 1]). Their norms have no statistics: these
/// are part of the weights already, and stay 0 and 1.
public struct ResNetNaming: WeightNaming {
  /// What all backbones of this type know.
  public init() {}

  /// The statistics of norms that have them in their weights.
  public var optionalInPretrained: [String] { ["*.running_mean", "*.running_var"] }

  /// What stands before `resN.I.` of detectron2; nothing before Caffe2's `resN_I_branch...`; nil for any other name.
  public func start(ofOlder name: String) -> String? {
    if Self.caffe2(name) != nil, name.hasPrefix("res") { return "" }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let stage = parts.firstIndex(where: { Self.stage($0) != nil }), parts.count > stage + 3,
      Int(parts[stage + 1]) != nil, Self.place(parts[stage + 2]) != nil
    else { return nil }
    return parts[..<stage].map { $0 + "." }.joined()
  }

  /// torchvision's name of a weight of detectron2 or Caffe2.
  public func currentName(of name: String) -> String {
    if let name = Self.caffe2(name) { return name }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    switch parts.first {
    case "stem" where parts.count > 2 && parts[1] == "conv1":
      return Self.name("", (convolution: "conv1", norm: "bn1"), parts[2...])
    case "stem" where parts.count == 3 && parts[1] == "fc", "linear" where parts.count == 2:
      return "fc.\(parts[parts.count - 1])"
    case let first? where parts.count > 3:
      guard let stage = Self.stage(first), Int(parts[1]) != nil, let place = Self.place(parts[2]) else {
        return name
      }
      return Self.name("layer\(stage).\(parts[1]).", place, parts[3...])
    default: return name
    }
  }

  private typealias Place = (convolution: String, norm: String)

  /// `weight` of the convolution, or `norm.weight` and so on.
  private static func name(_ start: String, _ place: Place, _ rest: ArraySlice<Substring>) -> String {
    let isNorm = rest.first == "norm"
    let own = isNorm ? rest.dropFirst() : rest
    return start + (isNorm ? place.norm : place.convolution) + "." + own.joined(separator: ".")
  }

  /// The number of a stage from 1, of `res2` to `res5`.
  private static func stage(_ part: Substring) -> Int? {
    guard part.hasPrefix("res"), part.utf8.count == 4, let number = Int(part.dropFirst(3)),
      (2...5).contains(number)
    else { return nil }
    return number - 1
  }

  /// `conv1` to `conv3`, and `shortcut`.
  private static func place(_ part: Substring) -> Place? {
    if part == "shortcut" { return ("downsample.0", "downsample.1") }
    guard part.hasPrefix("conv"), let number = Int(part.dropFirst(4)), (1...3).contains(number) else {
      return nil
    }
    return ("conv\(number)", "bn\(number)")
  }

  /// torchvision's name of a weight of Caffe2; nil for any other name.
  private static func caffe2(_ name: String) -> String? {
    let known = [
      "conv1_w": "conv1.weight", "conv1_b": "conv1.bias", "fc1000_w": "fc.weight", "fc1000_b": "fc.bias",
    ]
    if let name = known[name] { return name }
    let ends = [
      "_bn_s": "weight", "_bn_b": "bias", "_bn_running_mean": "running_mean", "_bn_rm": "running_mean",
      "_bn_running_var": "running_var", "_bn_riv": "running_var",
    ]
    var (place, own, isNorm) = (Substring(name), "weight", false)
    if let end = ends.first(where: { name.hasSuffix($0.key) }) {
      (place, own, isNorm) = (name.dropLast(end.key.utf8.count), end.value, true)
    } else if name.hasSuffix("_w") {
      place = name.dropLast(2)
    } else {
      return nil
    }
    if place == "res_conv1" || place == "conv1", isNorm { return "bn1.\(own)" }
    let parts = place.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 3, let stage = stage(parts[0]), Int(parts[1]) != nil else { return nil }
    let places: [Substring: Place] = [
      "branch1": ("downsample.0", "downsample.1"), "branch2a": ("conv1", "bn1"),
      "branch2b": ("conv2", "bn2"), "branch2c": ("conv3", "bn3"),
    ]
    guard let found = places[parts[2]] else { return nil }
    return "layer\(stage).\(parts[1]).\(isNorm ? found.norm : found.convolution).\(own)"
  }
}
