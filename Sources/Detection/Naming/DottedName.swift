/// A weight's name with the part that a table gives a new beginning.
struct DottedName {
  /// The steps between the dots.
  let parts: [Substring]

  init(_ name: String) { parts = name.split(separator: ".", omittingEmptySubsequences: false) }

  /// The number at a step, of a step such as `mask_fcn1` behind its word.
  func number(at step: Int, after word: String = "") -> Int? {
    guard parts.indices.contains(step), parts[step].hasPrefix(word) else { return nil }
    return Int(parts[step].dropFirst(word.count))
  }

  /// What follows the first steps, with a dot before it.
  func rest(from step: Int) -> String { parts.dropFirst(step).map { "." + $0 }.joined() }

  /// Whether it begins with these steps.
  func begins(with steps: String...) -> Bool {
    parts.count > steps.count && zip(parts, steps).allSatisfy { $0 == $1 }
  }
}
