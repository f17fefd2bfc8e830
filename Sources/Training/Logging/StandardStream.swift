#if canImport(Glibc)
  import Glibc
#endif

/// A descriptor that lines go to, such as standard output. What cannot be written is told, and stops nothing.
struct StandardStream: Sendable {
  static let output = StandardStream(descriptor: STDOUT_FILENO)
  static let error = StandardStream(descriptor: STDERR_FILENO)

  let descriptor: Int32

  /// Writes all of a text.
  ///
  /// - Returns: The system's reason when it could not; a closed pipe is one, too.
  func write(_ text: String) -> String? {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return String(cString: strerror(errno)) }
      bytes = bytes.dropFirst(count)
    }
    return nil
  }

  /// Makes a write to a pipe that nobody reads an error, in place of the process's end.
  static func ignoreClosedPipes() { signal(SIGPIPE, SIG_IGN) }
}
