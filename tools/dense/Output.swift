import Coco
import ArgumentParser
import Checkpoints
import Configuration
import Data
import Detection
import Foundation
import Imaging

/// What goes to standard output and standard error.
enum Output {
  /// Prints one JSON object.
  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    FileHandle.standardOutput.write(try encoder.encode(value) + Data([0x0a]))
  }

  /// Prints to standard error.
  static func message(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// Runs a command's work: an error becomes one message, with `--json` also an object, and exit status 1.
  static func reporting(json isJSON: Bool = false, _ body: () throws -> Void) throws {
    do { try body() } catch let exit as ExitCode { throw exit } catch {
      message("error: \(error)")
      if isJSON { try json(Failure(error)) }
      throw ExitCode.failure
    }
  }

  /// The JSON form of an error; what does not apply is left out.
  private struct Failure: Encodable {
    struct Details: Encodable {
      var message: String
      var file: String?
      var line: Int?
      var column: Int?
      var key: String?

      init(message: String, file: String? = nil, line: Int? = nil, column: Int? = nil, key: String? = nil) {
        (self.message, self.file, self.line, self.column, self.key) = (message, file, line, column, key)
      }

      init(_ error: ConfigurationError) {
        self.init(
          message: error.message, file: error.location?.file, line: error.location?.line,
          column: error.location?.column, key: error.keyPath.isEmpty ? nil : error.keyPath)
      }
    }
    var error: Details
    /// Where there are several: all of them, the first of which is `error`.
    var errors: [Details]?

    init(_ error: any Error) {
      self.error = Details(message: "\(error)")
      switch error {
      case let error as ConfigurationError: self.error = Details(error)
      case let several as ConfigurationErrors:
        errors = several.errors.map { Details($0) }
        if let first = errors?.first { self.error = first }
      case let error as CheckpointError: self.error = Details(message: error.message, file: error.file)
      case let error as CocoError:
        self.error = Details(message: error.message, file: error.file, line: error.line, column: error.column)
      case let error as DataError: self.error = Details(message: error.message, file: error.file)
      case let error as ImagingError: self.error.file = error.file
      default: break
      }
    }
  }
}
