extension ConfigurationNode {
  /// YAML text that reads back as the same tree.
  public func yaml() -> String {
    var text = ""
    write(into: &text, indentation: 0)
    return text
  }

  private func write(into text: inout String, indentation: Int) {
    switch value {
    case .mapping(let entries) where !entries.isEmpty:
      for entry in entries {
        text +=
          String(repeating: " ", count: indentation) + Self.scalar(entry.key, isQuoted: false, isKey: true)
          + ":"
        entry.value.writeValue(into: &text, indentation: indentation + 2)
      }
    case .sequence(let elements) where !isFlow:
      for element in elements {
        text += String(repeating: " ", count: indentation) + "-"
        if case .mapping(let entries) = element.value, !entries.isEmpty {
          var block = ""
          element.write(into: &block, indentation: indentation + 2)
          text += " " + block.dropFirst(indentation + 2)
        } else {
          element.writeValue(into: &text, indentation: indentation + 2)
        }
      }
    default: text += String(repeating: " ", count: indentation) + flow + "\n"
    }
  }

  private func writeValue(into text: inout String, indentation: Int) {
    switch value {
    case .mapping(let entries) where !entries.isEmpty:
      text += "\n"
      write(into: &text, indentation: indentation)
    case .sequence where !isFlow:
      text += "\n"
      write(into: &text, indentation: indentation)
    default: text += " " + flow + "\n"
    }
  }

  /// Whether it fits a line: no mapping with entries in it.
  private var isFlow: Bool {
    switch value {
    case .scalar: true
    case .sequence(let elements): elements.allSatisfy(\.isFlow)
    case .mapping(let entries): entries.isEmpty
    }
  }

  private var flow: String {
    switch value {
    case .scalar(let text, let isQuoted): Self.scalar(text, isQuoted: isQuoted, isKey: false)
    case .sequence(let elements): "[" + elements.map(\.flow).joined(separator: ", ") + "]"
    case .mapping: "{}"
    }
  }

  private static func scalar(_ text: String, isQuoted: Bool, isKey: Bool) -> String {
    if !isQuoted, !isKey, Scalar.nulls.contains(text) { return "null" }
    let isPlain =
      !isQuoted && !text.isEmpty
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789_./+-".unicodeScalars.contains($0))
      }
      && !text.hasPrefix("-") || (!isQuoted && (try? Scalar.number(text)) != nil)
    if isPlain { return text }
    // An unquoted text that is quoted here must not change its meaning: only texts without one come so far.
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\r": quoted += "\\r"
      case _
      where scalar.value < 0x20 || scalar.value == 0x7f || scalar.value == 0x85 || scalar.value == 0x2028
        || scalar.value == 0x2029 || scalar.value == 0xfeff:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
