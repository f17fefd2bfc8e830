import Data
import Foundation

/// What pictures of one patient, place or video have in common: they must not be learnt from and judged by at once.
public enum Grouping: Sendable {
  /// A key of the image in an annotation file.
  case key(String)
  /// What a regular expression finds in a file's name: its first bracket, or all of it.
  case expression(String)
  /// The name up to a text.
  case prefix(upTo: String)

  /// Makes sure that an expression is one.
  ///
  /// - Throws: `DataError`.
  public func check() throws(DataError) {
    if case .expression(let text) = self { _ = try Self.compiled(text) }
  }

  private static func compiled(_ text: String) throws(DataError) -> NSRegularExpression {
    do { return try NSRegularExpression(pattern: text) } catch {
      throw DataError(file: nil, "\(text.debugDescription) is no regular expression")
    }
  }

  /// The groups of names.
  ///
  /// - Parameters:
  ///   - file: What errors are about.
  ///   - value: The value of a key, of the picture at a place.
  /// - Throws: `DataError` where a name has none: nobody knows where it belongs.
  func groups(
    of names: [String], file: String, value: (_ key: String, _ place: Int) throws -> String?
  ) throws -> [String] {
    let found: [String?]
    let missing: String
    switch self {
    case .key(let key):
      found = try names.indices.map { try value(key, $0) }
      missing = "no key \"\(key)\""
    case .expression(let text):
      let expression = try Self.compiled(text)
      found = names.map { Self.match(expression, in: $0) }
      missing = "nothing that \(text.debugDescription) finds in their names"
    case .prefix(let end):
      found = names.map { name in name.range(of: end).map { String(name[..<$0.lowerBound]) } }
      missing = "no \(end.debugDescription) in their names"
    }
    let strays = found.indices.filter { found[$0] == nil }
    guard let first = strays.first else { return found.compactMap { $0 } }
    throw DataError(
      file: file,
      "\(strays.count) of \(names.count) images have \(missing), as \(names[first].debugDescription): their group "
        + "is not known")
  }

  /// The first bracket of the first match, or all of it.
  private static func match(_ expression: NSRegularExpression, in name: String) -> String? {
    let all = NSRange(name.startIndex..., in: name)
    guard let match = expression.firstMatch(in: name, range: all) else { return nil }
    let bracket = match.numberOfRanges > 1 ? match.range(at: 1) : match.range
    return Range(bracket, in: name).map { String(name[$0]) }
  }
}
