/// A page of the manual as `man` reads it, made of what a command's help says.
struct ManualPage {
  let command: CommandDescription
  /// The day that it stands for; empty for none.
  let date: String
  let version: String

  /// «dense-data-check»
  var name: String { command.words.joined(separator: "-") }

  /// In the macros of man(7).
  var text: String {
    var lines = [
      ".TH \(quoted(name.uppercased())) 1 \(quoted(date)) \(quoted("dense \(version)")) \"DensePrediction\"",
      ".SH NAME", "\(escaped(name)) \\- \(escaped(title))", ".SH SYNOPSIS",
    ]
    lines += synopsis
    lines.append(".SH DESCRIPTION")
    lines += paragraphs(command.abstract ?? "")
    if let discussion = command.discussion { lines += [".PP"] + paragraphs(discussion) }
    let shown = (command.arguments ?? []).filter(\.shouldDisplay)
    let words = shown.filter { $0.kind == .positional }
    let options = shown.filter { $0.kind != .positional }
    if !words.isEmpty { lines += [".SH ARGUMENTS"] + words.flatMap(entry) }
    if !options.isEmpty { lines += [".SH OPTIONS"] + options.flatMap(entry) }
    if !parts.isEmpty {
      lines.append(".SH COMMANDS")
      for part in parts {
        lines += [
          ".TP", "\\fB\(escaped(part.words.joined(separator: "-")))\\fR(1)", escaped(part.abstract ?? ""),
        ]
      }
    }
    lines += [
      ".SH EXIT STATUS", "0 done, 1 failed, 2 wrong usage.", ".SH FILES", ".TP",
      "\\fI\(escaped("/usr/share/dense/configs/"))\\fR",
      "The configs that are installed with the command. A relative name of a config that is not there is looked for in",
      "the folder above: \\fB\(escaped("configs/quickstart/detector.yaml"))\\fR.",
    ]
    if !relatives.isEmpty { lines += [".SH SEE ALSO", relatives] }
    return lines.joined(separator: "\n") + "\n"
  }

  /// This command's and all that belong to it.
  static func all(of command: CommandDescription, date: String, version: String) -> [ManualPage] {
    let page = ManualPage(command: command, date: date, version: version)
    return [page] + page.parts.flatMap { all(of: $0, date: date, version: version) }
  }

  private var parts: [CommandDescription] { (command.subcommands ?? []).filter(\.shouldDisplay) }

  /// The abstract as it stands behind a name: without a full stop and what follows it.
  private var title: String {
    let first = (command.abstract ?? "").split(separator: "\n").first.map(String.init) ?? ""
    return first.hasSuffix(".") ? String(first.dropLast()) : first
  }

  private var relatives: String {
    let above = command.superCommands ?? []
    let names = above.indices.map { above[...$0].joined(separator: "-") }
    return names.map { "\\fB\(escaped($0))\\fR(1)" }.joined(separator: ", ")
  }

  private var synopsis: [String] {
    var lines = ["\\fB\(escaped(command.words.joined(separator: " ")))\\fR"]
    if !parts.isEmpty { lines.append("\\fIcommand\\fR ...") }
    for argument in command.arguments ?? [] where argument.shouldDisplay {
      let form = form(argument) + (argument.isRepeating ? " ..." : "")
      lines.append(argument.isOptional ? "[\(form)]" : form)
    }
    return lines
  }

  /// «--size \<size>», under the last of the names.
  private func form(_ argument: CommandDescription.Argument) -> String {
    let value = "\\fI\(escaped(argument.valueName ?? ""))\\fR"
    guard let name = argument.names?.last else { return value }
    let bold = "\\fB\(escaped(name.dashed))\\fR"
    return argument.kind == .flag ? bold : "\(bold) \(value)"
  }

  private func entry(_ argument: CommandDescription.Argument) -> [String] {
    let others = (argument.names ?? []).dropLast().map { "\\fB\(escaped($0.dashed))\\fR, " }.joined()
    var lines = [".TP", others + form(argument) + (argument.isRepeating ? " ..." : "")]
    lines += paragraphs(argument.abstract ?? "")
    if let discussion = argument.discussion { lines += paragraphs(discussion) }
    if let values = argument.allValues { lines.append(escaped("One of: \(values.joined(separator: ", ")).")) }
    if let value = argument.defaultValue { lines.append(escaped("Without it: \(value).")) }
    return lines
  }

  /// Lines of one paragraph flow; an empty one ends it, and what is indented stays a line of its own.
  private func paragraphs(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.allSatisfy(\.isWhitespace) ? ".sp" : escaped(String(line))
    }
  }

  /// Text in which nothing is an instruction; a minus is what a reader can copy.
  private func escaped(_ text: String) -> String {
    var result = ""
    for letter in text {
      switch letter {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      default: result.append(letter)
      }
    }
    return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
  }

  private func quoted(_ text: String) -> String {
    "\"\(text.split(separator: "\"").joined())\""
  }
}
