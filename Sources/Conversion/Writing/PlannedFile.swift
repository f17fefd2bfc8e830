import Data
import Files

/// A file that is to be written: all are known, and can be refused, before the first is.
public struct PlannedFile: Sendable {
  /// What becomes of it.
  public enum Contents: Sendable {
    /// Bytes, made when they are written.
    case bytes(@Sendable () throws -> [UInt8])
    /// The same bytes as another file's.
    case copy(of: String)
    /// A symbolic link to another file.
    case link(to: String)
  }
  /// Where.
  public var path: String
  /// What.
  public var contents: Contents

  /// A file and what is in it.
  public init(_ path: String, _ contents: Contents) { (self.path, self.contents) = (path, contents) }

  /// Writes the file beside its name, then renames.
  ///
  /// - Throws: `FileError`, or what making the bytes throws.
  public func write() throws {
    try Self.writeTogether([self])
  }

  /// What is to be in it.
  ///
  /// - Throws: What making the bytes throws; `FileError` where another file cannot be read.
  package func bytes() throws -> [UInt8] {
    switch contents {
    case .bytes(let make): try make()
    case .copy(let source), .link(let source): try RegularFile(source).whole()
    }
  }

  /// Writes files that mean something together only: all, or none where a disk is full. Links, which take no room, come
  /// first.
  ///
  /// - Throws: `FileError`, or what making the bytes throws.
  public static func writeTogether(_ files: [PlannedFile], progress: (_ done: Int) -> Void = { _ in }) throws
  {
    var links = 0
    for file in files {
      guard case .link(let source) = file.contents else { continue }
      try AtomicFile.link(file.path, to: source)
      links += 1
      progress(links)
    }
    let others = files.filter { if case .link = $0.contents { false } else { true } }
    try AtomicFile.write(together: others.map { ($0.path, $0.bytes) }) { progress(links + $0) }
  }
}

/// What a conversion writes, and how a config names it.
public struct ConversionPlan: Sendable {
  /// The files, none twice.
  public internal(set) var files: [PlannedFile] = []
  /// What the new format cannot hold: errors; and what it holds otherwise: notes.
  public internal(set) var faults: [DataFault] = []
  /// Lines of YAML that name the data.
  public internal(set) var config = ""
}
