import Data
import Files
import Foundation

/// The pictures in a folder and below it, found by what annotation files call them.
package struct PictureIndex: Sendable {
  private static let endings: Set = ["jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp"]
  let folder: String
  private var paths: [String: String] = [:]
  private var stems: [String: [String]] = [:]

  /// - Throws: `FileError` where there is no such folder.
  init(_ folder: String) throws(FileError) {
    self.folder = folder
    for path in try Folder.files(below: folder) where Self.isPicture(path) {
      paths[path] = path
      let name = Folder.split(path).name
      stems[Folder.splitExtension(name).stem, default: []].append(path)
      paths["*/" + name] = paths["*/" + name] == nil ? path : ""
    }
  }

  /// Whether a file is a picture, by the ending of its name.
  package static func isPicture(_ name: String) -> Bool {
    endings.contains(Folder.splitExtension(name).extension.lowercased())
  }

  /// All pictures, as paths from the folder.
  var all: [String] { stems.values.flatMap { $0 }.sorted(by: Folder.precedes) }

  /// A picture by the name that a file gives it: as a path from the folder, else by its last part, where that is there
  /// once; backslashes are slashes.
  func path(named name: String) -> String? {
    let name = name.replacingOccurrences(of: "\\", with: "/")
    if let found = paths[name] ?? paths["*/" + Folder.split(name).name], !found.isEmpty {
      return Folder.join(folder, found)
    }
    return nil
  }

  /// A picture by its name without the ending.
  func path(stem: String) -> String? {
    let (inner, name) = Folder.split(stem)
    let found = stems[name] ?? []
    let exact = found.filter { Folder.splitExtension($0).stem == stem }
    let chosen = exact.count == 1 ? exact : inner.isEmpty ? found : []
    return chosen.count == 1 ? Folder.join(folder, chosen[0]) : nil
  }
}

/// The files of some ending, or of another one where there are none of the first, in a folder and below it, or the one
/// file itself.
///
/// - Throws: `FileError` where there is no such folder; `DataError` where none ends so.
func files(_ input: String, ending: String, or other: String? = nil, wanted: String) throws -> [String] {
  guard Folder.isFolder(input) else { return [input] }
  let all = try Folder.files(below: input)
  func files(ending: String) -> [String] {
    all.filter { Folder.splitExtension(Folder.split($0).name).extension.lowercased() == ending }
  }
  let first = files(ending: ending)
  let found = first.isEmpty ? other.map(files(ending:)) ?? [] : first
  guard !found.isEmpty else { throw DataError(file: input, "holds no .\(ending) file: \(wanted)") }
  return found.map { Folder.join(input, $0) }
}

/// The lines of a text file that are not empty, without spaces at their ends.
///
/// - Throws: `FileError`, or `DataError` where it is no text.
func lines(ofFile path: String) throws -> [String] {
  guard let text = String(validating: try RegularFile(path, wanted: "a text file").whole(), as: UTF8.self)
  else {
    throw DataError(file: path, "is no UTF-8 text")
  }
  return text.split(whereSeparator: \.isNewline).map { String($0.trimming(while: \.isWhitespace)) }.filter {
    !$0.isEmpty
  }
}

/// Reads a JSON file.
///
/// - Throws: `FileError`, or `DataError` that says where in the file what is wrong.
func json<Value: Decodable>(_ type: Value.Type, file path: String) throws -> Value {
  let bytes = try RegularFile(path, wanted: "a JSON file").whole(limit: Int(Int32.max))
  do { return try JSONDecoder().decode(type, from: Foundation.Data(bytes)) } catch let error as DecodingError
  {
    throw DataError(file: path, explanation(of: error))
  }
}

private func explanation(of error: DecodingError) -> String {
  func path(_ context: DecodingError.Context) -> String {
    let steps = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
    return steps.isEmpty ? "the file" : steps.joined(separator: ".")
  }
  switch error {
  case .keyNotFound(let key, let context):
    return "\(path(context)): the key \"\(key.stringValue)\" is missing"
  case .typeMismatch(let type, let context): return "\(path(context)): is no \(type)"
  case .valueNotFound(let type, let context): return "\(path(context)): null, where a \(type) is wanted"
  case .dataCorrupted(let context):
    let reason = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
    return "\(path(context)): \(reason ?? context.debugDescription)"
  @unknown default: return "\(error)"
  }
}

/// A number that is written as one, or as a text that is one.
struct LooseNumber: Decodable, Sendable {
  let value: Double

  init(from decoder: any Decoder) throws {
    let single = try decoder.singleValueContainer()
    if let number = try? single.decode(Double.self) {
      value = number
    } else if let text = try? single.decode(String.self), let number = finiteNumber(text) {
      value = number
    } else {
      throw DecodingError.dataCorruptedError(in: single, debugDescription: "is no number")
    }
  }
}
