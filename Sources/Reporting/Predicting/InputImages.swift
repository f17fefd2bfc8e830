import Data
import Files
import Foundation
import Imaging

/// Images that a command is given: files, folders, patterns, lists and films, in their order.
public enum InputImages {
  /// A file, and the folder that it was found in, whose own folders results keep; nil where the file itself was named.
  public struct Input: Sendable, Equatable {
    /// The file.
    public var path: String
    /// The folder that was named.
    public var root: String?

    /// A file that was named itself, or found in a folder.
    public init(_ path: String, in root: String? = nil) { (self.path, self.root) = (path, root) }
  }

  /// Endings of pictures in folders.
  private static let endings: Set<String> = [
    "jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp",
  ]

  /// The files that arguments name.
  ///
  /// A folder stands for the pictures in it and below, in the order of their names, numbers within them by value: frame 2
  /// before frame 10. `*`, `?` and `[...]` are a pattern where no file has that name, and `frame_%04d.jpg` the files of
  /// that name with numbers, in their order; `@list.txt` is a file of one name a line, as seen from the current folder,
  /// kept in its order, and `-` such a list on standard input.
  ///
  /// - Parameters:
  ///   - arguments: Files, folders, patterns and lists, as a user writes them.
  ///   - films: Whether films in folders are taken, too.
  ///   - standardInput: Gives all of standard input.
  /// - Throws: `DataError` for a folder, a pattern or a list without any picture.
  public static func inputs(
    _ arguments: [String], films: Bool = false, standardInput: () throws -> [UInt8] = { [] }
  ) throws -> [Input] {
    try arguments.flatMap { argument -> [Input] in
      if argument == "-" {
        return try list(try standardInput(), of: "standard input").map { Input($0) }
      }
      if argument.hasPrefix("@"), !exists(argument) {
        let file = String(argument.dropFirst())
        return try list(try? RegularFile(file).whole(), of: file).map { Input($0) }
      }
      if Folder.isFolder(argument) {
        return try pictures(in: argument, films: films).map { Input($0, in: argument) }
      }
      if exists(argument) { return [Input(argument)] }
      if let sequence = try NumberedFiles(argument) { return try sequence.files().map { Input($0) } }
      if argument.contains(where: { "*?[".contains($0) }) { return try matches(argument).map { Input($0) } }
      return [Input(argument)]
    }
  }

  /// The pictures that arguments name, without films and standard input.
  ///
  /// - Throws: `DataError` for a folder, a pattern or a list without any picture.
  public static func files(_ arguments: [String]) throws -> [String] { try inputs(arguments).map(\.path) }

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private static func list(_ bytes: [UInt8]?, of file: String) throws -> [String] {
    guard let bytes, let text = String(validating: bytes, as: UTF8.self)
    else { throw DataError(file: file, "the list of images is missing or no text") }
    let names = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && !$0.hasPrefix("#") }
    guard !names.isEmpty else { throw DataError(file: file, "the list of images is empty") }
    return names
  }

  private static func pictures(in folder: String, films: Bool) throws -> [String] {
    let endings = films ? Self.endings.union(Film.endings) : Self.endings
    guard let walker = FileManager.default.enumerator(atPath: folder) else {
      throw DataError(file: folder, "cannot be read")
    }
    var names: [String] = []
    for case let path as String in walker where !path.hasPrefix(".") && !path.contains("/.") {
      let ending = (path as NSString).pathExtension.lowercased()
      if endings.contains(ending), !Folder.isFolder(Folder.join(folder, path)) { names.append(path) }
    }
    guard !names.isEmpty else {
      throw DataError(file: folder, "holds no pictures (\(endings.sorted().joined(separator: ", ")))")
    }
    return names.sorted(by: isBefore).map { Folder.join(folder, $0) }
  }

  private static func matches(_ pattern: String) throws -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else {
      throw DataError(file: pattern, "no file has a name of this pattern")
    }
    let names = (0..<Int(found.gl_pathc)).compactMap { index in
      found.gl_pathv[index].map { String(cString: $0) }
    }
    let files = names.filter { !Folder.isFolder($0) }.sorted(by: isBefore)
    guard !files.isEmpty else { throw DataError(file: pattern, "folders only have names of this pattern") }
    return files
  }

  /// Names by their characters, runs of digits by their numbers; the same on every machine.
  package static func isBefore(_ a: String, _ b: String) -> Bool {
    var (first, second) = (Array(a.utf8)[...], Array(b.utf8)[...])
    func number(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
      let digits = bytes.prefix { (48...57).contains($0) }
      bytes = bytes.dropFirst(digits.count)
      let value = digits.drop { $0 == 48 }
      return value
    }
    while let x = first.first, let y = second.first {
      if (48...57).contains(x), (48...57).contains(y) {
        let (m, n) = (number(&first), number(&second))
        if m.count != n.count { return m.count < n.count }
        if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) }
      } else {
        if x != y { return x < y }
        (first, second) = (first.dropFirst(), second.dropFirst())
      }
    }
    if first.isEmpty != second.isEmpty { return first.isEmpty }
    // Equal but for zeros in front.
    return Array(a.utf8).lexicographicallyPrecedes(Array(b.utf8))
  }
}
