import Checkpoints
import Files
import Foundation

/// In what two checkpoints differ, for people and as JSON.
public struct CheckpointComparison: Encodable, Sendable {
  /// The files.
  public let first, second: String
  /// In what they differ.
  public let difference: WeightDifference

  /// The difference of two files.
  public init(_ first: String, _ second: String, _ difference: WeightDifference) {
    (self.first, self.second, self.difference) = (first, second, difference)
  }

  enum CodingKeys: String, CodingKey {
    case first, second, tensors, identical, shapes, types, changes
    case onlyFirst = "only_first"
    case onlySecond = "only_second"
  }

  /// Writes all differences.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(first, forKey: .first)
    try keys.encode(second, forKey: .second)
    try keys.encode(difference.count, forKey: .tensors)
    try keys.encode(difference.isEmpty, forKey: .identical)
    try keys.encode(difference.onlyFirst, forKey: .onlyFirst)
    try keys.encode(difference.onlySecond, forKey: .onlySecond)
    try keys.encode(difference.shapes, forKey: .shapes)
    try keys.encode(difference.types, forKey: .types)
    try keys.encode(difference.changes, forKey: .changes)
  }

  /// Rows of a list that people read.
  private static let most = 40

  /// Lists and a table for the terminal, the largest changes first.
  public func text() -> String {
    guard !difference.isEmpty else { return "no difference: \(difference.count) tensors" }
    var lines: [String] = []
    func list(_ title: String, _ names: [String]) {
      guard !names.isEmpty else { return }
      lines.append("\(title): \(names.count)")
      lines += names.prefix(Self.most).map { "  " + $0.printed }
      if names.count > Self.most { lines.append("  … and \(names.count - Self.most) more") }
    }
    list("only in \(first.printed)", difference.onlyFirst)
    list("only in \(second.printed)", difference.onlySecond)
    list("of another shape", difference.shapes.map { "\($0.name): \($0.first), \($0.second)" })
    list("of another type", difference.types.map { "\($0.name): \($0.first), \($0.second)" })
    if !difference.changes.isEmpty {
      lines.append("other numbers: \(difference.changes.count) of \(difference.count) tensors")
      func number(_ value: Double?) -> String { value.map { String(format: "%.3g", $0) } ?? "not finite" }
      let rows = difference.changes.prefix(Self.most).map {
        [
          $0.name.printed, number($0.largest), $0.relative.map { String(format: "%.3g", $0) } ?? "-",
          "\($0.differing) of \($0.count)",
        ]
      }
      lines +=
        TextTable(
          [.left(), .right(), .right(), .right()], indent: 2,
          rows: [["tensor", "largest change", "relative", "numbers"]] + rows
        ).lines
      if difference.changes.count > Self.most {
        lines.append("  … and \(difference.changes.count - Self.most) more")
      }
    }
    return lines.joined(separator: "\n")
  }
}
