#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif

extension Folder {
  /// What is in a folder.
  public struct Entry: Hashable, Sendable {
    /// Its name there.
    public var name: String
    /// Whether it is a folder, or a link to one.
    public var isFolder: Bool
  }

  /// What a folder holds, in the order of the names' bytes; what begins with a dot is left out.
  ///
  /// - Throws: `FileError` where there is no such folder, or a name is no UTF-8.
  public static func contents(of path: String) throws(FileError) -> [Entry] {
    let place = path.isEmpty ? "." : path
    guard let folder = opendir(place) else { throw FileError(file: path, .read, FileError.systemReason()) }
    defer { closedir(folder) }
    var entries: [Entry] = []
    while true {
      // What the system says of an end and of a failure differs in errno alone.
      errno = 0
      guard let entry = readdir(folder) else {
        guard errno == 0 else { throw FileError(file: path, .read, FileError.systemReason()) }
        break
      }
      let (bytes, kind) = nameAndKind(entry)
      guard bytes.first != UInt8(ascii: ".") else { continue }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        throw FileError(
          file: path, .read,
          "holds \(escaped(bytes)), a name that is no UTF-8; give it another name")
      }
      let isFolder = kind == DT_DIR || (kind != DT_REG && Folder.isFolder(join(path, name)))
      entries.append(Entry(name: name, isFolder: isFolder))
    }
    return entries.sorted { precedes($0.name, $1.name) }
  }

  /// Whether a name comes first, by its bytes: whatever the language.
  public static func precedes(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
  }

  /// The files in a folder and the folders below it, as paths from there, in the order of the names' bytes. Links are
  /// followed, unless they lead to a folder that they are in.
  ///
  /// - Throws: `FileError` about a folder that cannot be read.
  public static func files(below path: String) throws(FileError) -> [String] {
    var found: [String] = []
    try collect(path, prefix: "", above: [FileIdentity(path)], &found)
    return found.sorted(by: precedes)
  }

  private static func collect(
    _ path: String, prefix: String, above: [FileIdentity], _ found: inout [String]
  ) throws(FileError) {
    for entry in try contents(of: path) {
      guard entry.isFolder else {
        found.append(prefix + entry.name)
        continue
      }
      let inner = join(path, entry.name)
      let identity = FileIdentity(inner)
      guard !above.contains(identity), above.count < 64 else { continue }
      try collect(inner, prefix: prefix + entry.name + "/", above: above + [identity], &found)
    }
  }

  private static func nameAndKind(_ entry: UnsafeMutablePointer<dirent>) -> ([UInt8], Int32) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
    return (name, Int32(entry.pointee.d_type))
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    let text = bytes.map { byte in
      (0x20..<0x7f).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
    }
    return "\"\(text.joined())\""
  }
}
