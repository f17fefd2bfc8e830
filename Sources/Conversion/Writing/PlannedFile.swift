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
    switch contents {
    case .bytes(let make): try AtomicFile.write(try make(), to: path, isDurable: false)
    case .copy(let source): try AtomicFile.write(try RegularFile(source).whole(), to: path, isDurable: false)
    }
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
