import Files

/// One JSON object of `scalars.json`, its keys in the order in which they were added.
struct ScalarsLine {
  private var fields: [String] = []

  mutating func add(_ name: String, _ value: Double) {
    // JSON has no NaN and no infinity. Swift's own text is the shortest that reads back the same.
    fields.append("\(name.quotedJSON): \(value.isFinite ? "\(value)" : "null")")
  }

  mutating func add(_ name: String, _ value: Int) { fields.append("\(name.quotedJSON): \(value)") }

  var text: String { "{" + fields.joined(separator: ", ") + "}" }
}

/// `vis_data/scalars.json`: one JSON object a line, under mm's keys.
final class ScalarsFile {
  private let file: AppendedFile?

  init(path: String?) throws { file = try path.map { try AppendedFile(path: $0) } }

  func append(_ line: ScalarsLine) { file?.write(line: line.text) }
}
