import Checkpoints
import Data
import Files
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// What annotations were, in few bytes: a file or folder, and a checksum (CRC-32) of what counts of it.
public struct AnnotationIdentity: Codable, Sendable, Equatable {
  /// The file or folder.
  public var path: String
  /// Eight hexadecimal digits.
  public var checksum: String

  /// Looks at annotations as they are now.
  ///
  /// - Throws: `FileError` for a file that cannot be read.
  init(_ source: AnnotationSource) throws {
    path = source.path
    var sum: UInt32 = 0
    switch source {
    case .file(let path):
      let file = try RegularFile(path, wanted: "an annotation file")
      let piece = 1 << 22
      for start in stride(from: 0, to: file.size, by: piece) {
        sum = Checksum.crc32(try file.read(start..<min(file.size, start + piece)), after: sum)
      }
    case .files(_, let paths):
      for path in paths {
        var status = stat()
        let size = stat(path, &status) == 0 ? "\(status.st_size)" : "missing"
        sum = Checksum.crc32(Array("\(Folder.split(path).name) \(size)\n".utf8), after: sum)
      }
    case .names(_, let paths):
      for path in paths { sum = Checksum.crc32(Array("\(path)\n".utf8), after: sum) }
    }
    checksum = Checksum.text(sum)
  }

  /// The annotations of data sets, each once.
  static func all(of datasets: [any Dataset]) throws -> [AnnotationIdentity] {
    var seen: Set<AnnotationSource> = []
    return try datasets.flatMap(\.annotationSources).filter { seen.insert($0).inserted }.map { try Self($0) }
  }
}
