extension String {
  /// A name out of a file, fit for a line of text: control characters escaped, cut off where it is long.
  package var printed: String { printed(limit: 200) }

  /// A path of the user, fit for a line of text: control characters escaped, whole.
  package var printedWhole: String { printed(limit: .max) }

  private func printed(limit: Int) -> String {
    var text = ""
    for (count, scalar) in unicodeScalars.enumerated() {
      if count == limit { return text + "…" }
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        text += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
