import ArgumentParser
import Foundation

/// What the parser says of a command to programs.
struct CommandDescription: Decodable {
  struct Argument: Decodable {
    struct Name: Decodable {
      enum Kind: String, Decodable { case long, short, longWithSingleDash }
      var kind: Kind
      var name: String

      var dashed: String { (kind == .long ? "--" : "-") + name }
    }
    enum Kind: String, Decodable { case positional, option, flag }

    var kind: Kind
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var parsingStrategy: String
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var allValues: [String]?
    var abstract: String?
    var discussion: String?
  }

  var commandName: String
  var shouldDisplay: Bool
  var superCommands: [String]?
  var abstract: String?
  var discussion: String?
  var subcommands: [CommandDescription]?
  var arguments: [Argument]?

  /// The words that call it, without those of commands that it is part of where it was asked for by itself.
  var words: [String] { (superCommands ?? []) + [commandName] }

  init(of command: any ParsableCommand.Type) throws {
    struct Whole: Decodable {
      var command: CommandDescription
    }
    self = try JSONDecoder().decode(Whole.self, from: Data(command._dumpHelp().utf8)).command
    // The parser's own is listed without being part of the command.
    subcommands?.removeAll { $0.commandName == "help" }
  }
}
