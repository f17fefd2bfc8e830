extension String {
  /// A name out of a file, fit for a line of text: control characters escaped, cut off where it is long.
  package var printed: String {
    var text = ""
    for (count, scalar) in unicodeScalars.enumerated() {
      if count == 200 { return text + "…" }
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        text += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
