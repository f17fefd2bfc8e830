extension String {
  /// As much of a text of the user's as fits a message.
  var shown: String { shown(200) }

  /// The beginning of a text, with a sign where it is cut.
  func shown(_ limit: Int) -> String {
    // The bytes are counted first: letters of megabytes take their time.
    guard utf8.count > limit, let end = index(startIndex, offsetBy: limit, limitedBy: endIndex),
      end < endIndex
    else { return self }
    return self[..<end] + "…"
  }
}

/// Names near to a mistyped one, the nearest first: at most three, within two edits or a third of the length.
package func nearest(to name: String, among names: [String]) -> [String] {
  // Who writes more than that is not near to any name, and comparing would take its time.
  let letters = Array(name.prefix(200).lowercased())
  let limit = max(2, letters.count / 3)
  return names.compactMap { other -> (name: String, edits: Int)? in
    let others = Array(other.prefix(200 + limit).lowercased())
    guard abs(others.count - letters.count) <= limit else { return nil }
    let edits = editDistance(letters, others, limit: limit)
    return edits <= limit ? (name: other, edits: edits) : nil
  }
  .sorted { ($0.edits, $0.name) < ($1.edits, $1.name) }
  .prefix(3).map(\.name)
}

/// «Did you mean 'depths'? One of: depths, dims»
func hint(for name: String, among names: [String], title: String = "One of") -> String {
  let near = nearest(to: name, among: names)
  let question = near.isEmpty ? "" : "Did you mean \(near.map { "'\($0)'" }.joined(separator: " or "))? "
  return question + "\(title): \(names.sorted().joined(separator: ", "))"
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into another; any number above the
/// limit where they are more.
func editDistance(_ a: [Character], _ b: [Character], limit: Int) -> Int {
  var rows = [Array(0...b.count)]
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var edits = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, rows[i - 1][j - 1] + 1) }
      row.append(edits)
    }
    rows.append(row)
    // A swap looks two rows back: where both are above the limit, all that follow are.
    if i > 0, row.allSatisfy({ $0 > limit }), rows[i].allSatisfy({ $0 > limit }) { return limit + 1 }
  }
  return rows[a.count][b.count]
}
