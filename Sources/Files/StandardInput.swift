#if canImport(Glibc)
  import Glibc
#endif

/// Standard input, read with read(2): what cannot be read is an error.
public enum StandardInput {
  /// All that comes, up to its end.
  ///
  /// - Parameter limit: More bytes are an error.
  /// - Throws: `FileError` with the system's reason.
  public static func whole(limit: Int = 1 << 28) throws(FileError) -> [UInt8] {
    try whole(of: STDIN_FILENO, limit: limit)
  }

  /// The same of another descriptor, for tests.
  package static func whole(of descriptor: Int32, limit: Int) throws(FileError) -> [UInt8] {
    func failure(_ reason: String) -> FileError { FileError(file: "standard input", .read, reason) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(FileError.systemReason()) }
      guard count > 0 else { return bytes }
      bytes += piece[..<count]
      guard bytes.count <= limit else { throw failure("more than \(limit) bytes") }
    }
  }
}
