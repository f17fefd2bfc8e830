/// Names at the top level of mm's Python configs that other values are made of, such as `dataset_type` and
/// `train_pipeline`: mmengine leaves them in the YAML that it dumps.
extension ConfigurationNode {
  /// Names that a config may have at its top level.
  static let topLevelKeys = Set(ExperimentConfiguration.CodingKeys.allCases.map(\.rawValue))
    .union(keysWithoutEffect).union(["_base_"])

  private static let lettersOfKeys = topLevelKeys.map { Array($0) }

  /// Names that mm's own programs write into a config, and that say nothing of the experiment.
  private static let ofPrograms: Set<String> = ["launcher", "custom_imports", "gpu_ids"]

  /// Whether a name is none of a config's, and no misspelt one either.
  static func isVariable(_ name: String) -> Bool {
    guard !topLevelKeys.contains(name) else { return false }
    let letters = Array(name.prefix(100))
    return !lettersOfKeys.contains {
      abs($0.count - letters.count) <= 2 && editDistance(letters, $0, limit: 2) <= 2
    }
  }

  /// The names at the top whose values stand elsewhere too, so that nothing is lost without them: whole, or, of a list
  /// or a mapping, part by part.
  var variables: [String] {
    guard let entries else { return [] }
    let candidates = entries.filter { !Self.topLevelKeys.contains($0.key) }
    guard !candidates.isEmpty else { return [] }
    var known: Set<String> = []
    for entry in entries where Self.topLevelKeys.contains(entry.key) {
      _ = entry.value.spelling(into: &known)
    }
    // What costs most is asked last: a file may have tens of thousands of names.
    return candidates.filter {
      (Self.ofPrograms.contains($0.key) || $0.value.isMade(of: known)) && Self.isVariable($0.key)
    }.map(\.key)
  }

  private func isMade(of known: Set<String>) -> Bool {
    var none: Set<String> = []
    if known.contains(spelling(into: &none)) { return true }
    switch value {
    case .scalar: return isNull
    case .sequence(let elements): return elements.allSatisfy { $0.isMade(of: known) }
    case .mapping(let entries): return entries.allSatisfy { $0.value.isMade(of: known) }
    }
  }

  /// The value in one form whatever its place; those in it are put into a set, long ones by their hash.
  private func spelling(into all: inout Set<String>) -> String {
    var text: String
    switch value {
    case .scalar(let scalar, let isQuoted):
      text = isQuoted ? "'\(scalar)'" : "\(double.map { "\($0)" } ?? scalar)"
    case .sequence(let elements):
      text = "[\(elements.map { $0.spelling(into: &all) }.joined(separator: ","))]"
    case .mapping(let entries):
      text = "{\(entries.map { "\($0.key):\($0.value.spelling(into: &all))" }.joined(separator: ","))}"
    }
    if text.utf8.count > 256 { text = "#\(text.utf8.count).\(text.hashValue)" }
    all.insert(text)
    return text
  }
}
