import ArgumentParser
import Files
import Foundation

/// What goes to standard output and standard error.
enum Output {
  /// Prints a text.
  ///
  /// - Throws: `StreamError` when standard output is full or closed.
  static func print(_ text: String, terminator: String = "\n") throws {
    try StandardStream.output.write(text + terminator)
  }

  /// Prints one JSON object.
  ///
  /// - Throws: `StreamError` when standard output is full or closed.
  static func json(_ value: some Encodable) throws { try StandardStream.output.write(encoded(value)) }

  /// One JSON object and a line's end.
  static func encoded(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(value)) + [0x0a]
  }

  /// Prints to standard error; where that cannot be written either, nobody is left to be told.
  static func message(_ text: String) { try? StandardStream.error.write(text + "\n") }

  /// Runs a command's work: an error becomes one message, with `--json` also an object, and exit status 1. Wrong usage
  /// that only the work finds out passes through, and ends with 2 as any other.
  static func reporting(json isJSON: Bool = false, _ body: () throws -> Void) throws {
    do { try body() } catch let exit as ExitCode { throw exit } catch let usage as ValidationError {
      throw usage
    } catch let error as StreamError {
      // A reader that has enough is no mistake: `dense ... | head` ends without a word.
      if !error.isClosedPipe { message("error: \(error)") }
      throw ExitCode.failure
    } catch {
      message("error: \(error)")
      if isJSON { try? json(Failure(error)) }
      throw ExitCode.failure
    }
  }

  /// The JSON form of an error; what does not apply is left out.
  private struct Failure: Encodable {
    struct Details: Encodable {
      var message: String
      var place: ErrorPlace

      init(_ error: any LocatedError) { (message, place) = (error.message, error.place) }

      init(_ error: any Error) { (message, place) = ("\(error)", ErrorPlace()) }

      enum CodingKeys: String, CodingKey { case message }

      func encode(to encoder: any Encoder) throws {
        try place.encode(to: encoder)
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode(message, forKey: .message)
      }
    }
    var error: Details
    /// Where there are several: all of them, the first of which is `error`.
    var errors: [Details]?

    init(_ error: any Error) {
      guard let located = error as? any LocatedError else {
        self.error = Details(error)
        return
      }
      self.error = Details(located)
      if !located.parts.isEmpty { errors = located.parts.map { Details($0) } }
    }
  }
}
