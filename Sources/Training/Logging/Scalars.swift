import Foundation

/// One JSON object of `scalars.json`, its keys in the order in which they were added.
struct ScalarsLine {
  private var fields: [String] = []

  mutating func add(_ name: String, _ value: Double) {
    // JSON has no NaN and no infinity. Swift's own text is the shortest that reads back the same.
    fields.append("\(Self.quoted(name)): \(value.isFinite ? "\(value)" : "null")")
  }

  mutating func add(_ name: String, _ value: Int) { fields.append("\(Self.quoted(name)): \(value)") }

  var text: String { "{" + fields.joined(separator: ", ") + "}" }

  /// A JSON text: metrics may bear the names of classes.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

/// `vis_data/scalars.json`: one JSON object a line, under mm's keys.
final class ScalarsFile {
  private let file: AppendedFile?

  init(path: String?) throws { file = try path.map { try AppendedFile(path: $0) } }

  func append(_ line: ScalarsLine) { file?.write(line: line.text) }
}
