import ArgumentParser
import Configuration
import Foundation

/// Words of a command line that are no command or option, and those that were meant.
struct Misspelling: Error {
  /// What was wrong and how the command is used, as the parser has it for other mistakes.
  let text: String
}

extension Misspelling {
  /// Goes through the commands that the words name.
  ///
  /// - Returns: The command that is called, and what follows its name.
  /// - Throws: `Misspelling` for a word that stands where a command has to, also where help is asked for.
  static func requireCommands(
    _ words: [String]
  ) throws -> (command: any ParsableCommand.Type, rest: ArraySlice<String>) {
    var command: any ParsableCommand.Type = Dense.self
    let isHelp = words.first == "help"
    for place in (isHelp ? 1 : 0)..<words.count {
      let known = command.configuration.subcommands
      guard !known.isEmpty, !words[place].hasPrefix("-") else { return (command, words[place...]) }
      guard let next = known.first(where: { $0._commandName == words[place] }) else {
        let names = known.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
        let meant = meant(by: words[place], among: names)
        throw Misspelling(
          "Unexpected argument '\(words[place])'. "
            + (meant.isEmpty ? "The commands are \(names.joined(separator: ", "))." : question(meant)),
          usage: usage(of: words[(isHelp ? 1 : 0)...place]))
      }
      command = next
    }
    return (command, [])
  }

  /// Finds the first option that a command does not have.
  ///
  /// The parser tells of one only where nothing is missing; and what is missing is often what stands under a wrong name.
  ///
  /// - Parameters:
  ///   - rest: What follows the command's name.
  ///   - error: What the parser said.
  init?(
    inOptionsOf command: any ParsableCommand.Type, rest: ArraySlice<String>, insteadOf error: any Error
  ) {
    // What the parser adds to those of a command.
    var names = ["help", "help-hidden", "version", "experimental-dump-help", "generate-completion-script"]
    var taking: Set<String> = []
    for argument in (try? CommandDescription(of: command))?.arguments ?? [] {
      let own = argument.names?.map(\.name) ?? []
      names += own
      // Its value is the next word, whatever that is.
      if argument.parsingStrategy == "unconditional" { taking.formUnion(own) }
    }
    var isValue = false
    for word in rest.prefix(while: { $0 != "--" }) {
      let name = word.drop { $0 == "-" }.prefix { $0 != "=" }
      let isOption = !isValue && word.hasPrefix("-") && !name.isEmpty && Double(word) == nil
      isValue = isOption && taking.contains(String(name)) && !word.contains("=")
      // One dash stands before one letter.
      let isKnown = names.contains(String(name)) && (word.hasPrefix("--") || name.count == 1)
      guard isOption, !isKnown else { continue }
      let dashed = word.prefix { $0 != "=" }
      let meant = Self.meant(by: String(name), among: names).map { "--" + $0 }
      self.init(
        "Unknown option '\(dashed)'." + (meant.isEmpty ? "" : " " + Self.question(meant)),
        usage: Self.usage(in: Dense.fullMessage(for: error)))
      return
    }
    return nil
  }

  private init(_ message: String, usage: String) { text = "Error: \(message)\n\(usage)" }

  /// The nearest names, else those that begin with what was written.
  private static func meant(by word: String, among names: [String]) -> [String] {
    let near = nearest(to: word, among: names)
    return near.isEmpty && word.count > 2 ? names.filter { $0.hasPrefix(word) } : near
  }

  private static func question(_ names: [String]) -> String {
    "Did you mean \(names.map { "'\($0)'" }.joined(separator: " or "))?"
  }

  /// How the command is used that the last of the words does not belong to.
  private static func usage(of words: ArraySlice<String>) -> String {
    do {
      _ = try Dense.parseAsRoot(Array(words))
      return ""
    } catch { return usage(in: Dense.fullMessage(for: error)) }
  }

  /// What a message of the parser ends with.
  private static func usage(in message: String) -> String {
    message.range(of: "Usage:").map { String(message[$0.lowerBound...]) } ?? ""
  }
}
