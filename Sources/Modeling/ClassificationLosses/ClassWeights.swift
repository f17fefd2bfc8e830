import Configuration
import Foundation

/// `class_weight`: a factor a class, in a list or in a file of one (YAML or JSON).
struct ClassWeights: Decodable, Sendable {
  private enum Source { case list([Float]), file(String) }
  private let source: Source
  private let location: SourceLocation?
  private let keyPath: String

  init(from decoder: any Decoder) throws {
    if let file = try? decoder.singleValueContainer().decode(Located<String>.self) {
      (source, location, keyPath) = (.file(file.value), file.location, file.keyPath)
    } else {
      let list = try decoder.singleValueContainer().decode(Located<[Float]>.self)
      (source, location, keyPath) = (.list(list.value), list.location, list.keyPath)
    }
  }

  /// The factors.
  ///
  /// - Parameter channels: How many there have to be; nil: any number.
  /// - Throws: `ConfigurationError` for another number, one that is negative, or a file that is no list of numbers.
  func values(channels: Int?) throws -> [Float] {
    let values =
      switch source {
      case .list(let list): list
      case .file(let file): try list(in: file)
      }
    guard values.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw error("\(values) are not all 0 or more")
    }
    if let channels, values.count != channels {
      throw error("\(values.count) numbers for \(channels) classes")
    }
    return values
  }

  private func list(in file: String) throws -> [Float] {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw error("\(file) is missing or no text; a list of numbers is wanted, as YAML or JSON")
    }
    return try ConfigurationNode.parse(text, file: file).decode([Float].self)
  }

  private func error(_ message: String) -> ConfigurationError {
    ConfigurationError(location: location, keyPath: keyPath, message: message)
  }
}
