#if canImport(Glibc)
  import Glibc
#endif

/// Why nothing more can be written to a stream.
struct StreamError: Error {
  /// The system's.
  let reason: String
}

/// Standard output and standard error, written with write(2): what cannot be written is an error, never a trap.
struct StandardStream: Sendable {
  static let output = StandardStream(descriptor: STDOUT_FILENO)
  static let error = StandardStream(descriptor: STDERR_FILENO)

  let descriptor: Int32

  /// Writes a text.
  func write(_ text: String) throws(StreamError) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw StreamError(reason: String(cString: strerror(errno))) }
      bytes = bytes.dropFirst(count)
    }
  }
}
