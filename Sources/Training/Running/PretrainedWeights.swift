import Checkpoints
import Configuration
import Data
import Layers
import Modeling

/// Weights that a part of a model starts from: `init_cfg: {type: Pretrained, checkpoint: PATH}`, or `pretrained: PATH`.
///
/// Any part of a model may have it: a part's key path in the config is the beginning of its weights' names.
public struct PretrainedWeights: Sendable {
  /// The part's name, such as `backbone`; empty for the whole model.
  public let part: String
  /// The checkpoint file.
  public let file: String
  /// `prefix`: only what is below this name in the file is taken, without it.
  public let prefix: String?
  /// `reset`: names below the part that keep their initial values, whatever the file holds.
  public let reset: [String]
  private let node: ConfigurationNode

  private struct Settings: Decodable {
    enum Kind: String, Decodable, CaseIterable { case pretrained = "Pretrained" }

    let checkpoint: String
    let prefix: String?
    let reset: [String]

    enum CodingKeys: String, CodingKey {
      case type, checkpoint, prefix, reset
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      // Other initial values are the layers' own, those of mm.
      _ = try keys.decode(Kind.self, forKey: .type)
      checkpoint = try keys.decode(String.self, forKey: .checkpoint)
      guard !checkpoint.isEmpty else {
        throw keys.refusal("is empty: the path of a file is wanted", forKey: .checkpoint)
      }
      prefix = try keys.decodeIfPresent(String.self, forKey: .prefix)
      reset = try keys.decodeIfPresent([String].self, forKey: .reset) ?? []
    }
  }

  private init(part: String, settings: Settings, node: ConfigurationNode) {
    self.part = part
    (file, prefix, reset) = (settings.checkpoint, settings.prefix, settings.reset)
    self.node = node
  }

  private init(part: String, file: String, node: ConfigurationNode) {
    (self.part, self.file, prefix, reset, self.node) = (part, file, nil, [], node)
  }

  /// Takes every `init_cfg` out of a model's config. A `pretrained` stays: the part that has one knows the key.
  ///
  /// - Returns: The model without them, and what they say, outer parts first.
  /// - Throws: `ConfigurationError` with the place of a setting that is wrong.
  public static func extracted(
    from model: ComponentConfiguration
  ) throws -> (model: ComponentConfiguration, weights: [PretrainedWeights]) {
    var found = Found()
    let node = strip(model.node, part: "", &found)
    try ConfigurationErrors.report(found.mistakes)
    return (try ComponentConfiguration(node), found.weights)
  }

  /// The same for a check, which goes on after a mistake.
  static func checked(
    _ model: ComponentConfiguration
  ) throws -> (model: ComponentConfiguration, mistakes: [ConfigurationError]) {
    var found = Found()
    let node = strip(model.node, part: "", &found)
    return (try ComponentConfiguration(node), found.mistakes)
  }

  private struct Found {
    var weights: [PretrainedWeights] = []
    var mistakes: [ConfigurationError] = []
  }

  private static func strip(
    _ node: ConfigurationNode, part: String, _ found: inout Found
  ) -> ConfigurationNode {
    func below(_ step: String) -> String { part.isEmpty ? step : "\(part).\(step)" }
    switch node.value {
    case .scalar: return node
    case .sequence(let elements):
      return ConfigurationNode(
        .sequence(elements.enumerated().map { strip($1, part: below("\($0)"), &found) }),
        at: node.location, keyPath: node.keyPath)
    case .mapping(let entries):
      if node["type"] != nil {
        let settings = node["init_cfg"]
        for settings in settings?.elements ?? settings.map({ [$0] }) ?? [] where !settings.isNull {
          do {
            found.weights.append(
              PretrainedWeights(part: part, settings: try settings.decode(Settings.self), node: settings))
          } catch let error as ConfigurationError { found.mistakes.append(error) } catch {
            found.mistakes.append(
              ConfigurationError(location: settings.location, keyPath: settings.keyPath, message: "\(error)"))
          }
        }
        if let file = node["pretrained"], !file.isNull, let path = file.string, !path.isEmpty {
          // mmsegmentation's `pretrained` of a model is its backbone's, mmpretrain's (a `head`) that of all of it.
          let isWhole = node["backbone"] == nil || node["head"] != nil
          found.weights.append(
            PretrainedWeights(part: isWhole ? part : below("backbone"), file: path, node: file))
        }
      }
      let isComponent = node["type"] != nil
      let kept = entries.filter { !isComponent || $0.key != "init_cfg" }
      return ConfigurationNode(
        .mapping(
          kept.map { entry in
            var entry = entry
            entry.value = strip(entry.value, part: below(entry.key), &found)
            return entry
          }), at: node.location, keyPath: node.keyPath)
    }
  }

  /// Fills the part's weights. The file may hold more; it may lack only what the part itself says (a backbone's
  /// `outnorm*`), what is allowed to be missing, and what `reset` names.
  ///
  /// - Parameter allowingMissing: Patterns, with `*`, of the model's names.
  /// - Throws: `ConfigurationError` for names that the model does not have, `CheckpointError` with a table when the file
  ///   does not fit.
  func load(into model: any Model, allowingMissing: [String]) throws -> LoadingSummary {
    let place = model.weights(ofPart: part)
    let others = Set(place.others)
    let names = model.tree.leaves(of: place.path).map(\.name).filter { !others.contains($0) }
    guard !names.isEmpty else { throw failure("'\(part)' has no weights") }
    for (index, name) in reset.enumerated() {
      guard !names.contains(where: { $0 == name || $0.hasPrefix(name + ".") }) else { continue }
      let place = node["reset"]?.elements?[index]
      throw failure(
        "no weight is named '\(name)' or begins with '\(name).'", at: place, Self.nearest(name, names))
    }
    try Self.refuseAddress(file, at: node["checkpoint"] ?? node)
    let checkpoint = try Checkpoint(file: file)
    let tensors = try checkpoint.selected(
      averages: false, prefix: prefix ?? impliedPrefix(checkpoint, names), half: false)
    do {
      var summary = try model.load(
        tensors, into: place.path, file: file,
        rules: LoadingRules(
          allowingMissing: allowingMissing, reset: reset + place.others, allowsUnused: true))
      summary.skipped = checkpoint.skipped
      return summary
    } catch let error as CheckpointError {
      throw CheckpointError(
        file: file,
        error.message
          + Self.hint(
            try model.tree.underCurrentNames(tensors, of: place.path, file: file), names))
    }
  }

  /// `backbone`, where a backbone's `pretrained`, which can say no prefix, is the file of a whole model with mm's names.
  private func impliedPrefix(_ checkpoint: Checkpoint, _ names: [String]) -> String? {
    let name = part.split(separator: ".").last ?? ""
    guard name == "backbone", node["checkpoint"] == nil else { return nil }
    let tensors = checkpoint.weights
    return names.contains { tensors[$0] == nil && tensors["backbone.\($0)"] != nil } ? "backbone" : nil
  }

  private func failure(
    _ message: String, at place: ConfigurationNode? = nil, _ hint: String? = nil
  ) -> ConfigurationError {
    let place = place ?? node
    return ConfigurationError(
      location: place.location, keyPath: place.keyPath, message: message, hint: hint)
  }

  /// An address is not fetched.
  ///
  /// - Throws: `ConfigurationError` that says so.
  static func refuseAddress(_ file: String, at node: ConfigurationNode?) throws {
    guard file.contains("://") else { return }
    throw ConfigurationError(
      location: node?.location, keyPath: node?.keyPath ?? "", message: "'\(file)' is an address, not a file",
      hint: "Nothing is downloaded: fetch the file, and give its path.")
  }

  /// What a file is likely to want whose names all differ by their beginning.
  private static func hint(_ tensors: [String: StoredTensor], _ names: [String]) -> String {
    let tops = Set(tensors.keys.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted()
    let fitting = tops.first { top in names.contains { tensors["\(top).\($0)"] != nil } }
    return fitting.map { "\n  Set prefix: \($0), to take what is below '\($0)' in the file." } ?? ""
  }

  /// Names of the part that share most of a name's steps.
  private static func nearest(_ name: String, _ names: [String]) -> String {
    var steps = name.split(separator: ".")
    while !steps.isEmpty {
      steps.removeLast()
      let start = steps.isEmpty ? "" : steps.joined(separator: ".") + "."
      let next = Set(
        names.filter { $0.hasPrefix(start) }.compactMap {
          $0.dropFirst(start.count).split(separator: ".").first
        })
      guard next.isEmpty else {
        return "Below '\(start.dropLast())' there are: " + next.sorted().joined(separator: ", ")
      }
    }
    return "Names are those of the weights, such as \(names[0])."
  }
}
