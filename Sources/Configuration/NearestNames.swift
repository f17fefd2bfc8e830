/// Names near to a mistyped one, the nearest first: at most three, within two edits or a third of the length.
func nearest(to name: String, among names: [String]) -> [String] {
  let limit = max(2, name.count / 3)
  return names.map { (name: $0, edits: editDistance(name.lowercased(), $0.lowercased())) }
    .filter { $0.edits <= limit }
    .sorted { ($0.edits, $0.name) < ($1.edits, $1.name) }
    .prefix(3).map(\.name)
}

/// «Did you mean 'depths'? One of: depths, dims»
func hint(for name: String, among names: [String], title: String = "One of") -> String {
  let near = nearest(to: name, among: names)
  let question = near.isEmpty ? "" : "Did you mean \(near.map { "'\($0)'" }.joined(separator: " or "))? "
  return question + "\(title): \(names.sorted().joined(separator: ", "))"
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into another.
private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var rows = [Array(0...b.count)]
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var edits = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, rows[i - 1][j - 1] + 1) }
      row.append(edits)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
