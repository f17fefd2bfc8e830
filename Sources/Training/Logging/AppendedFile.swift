import Files

#if canImport(Glibc)
  import Glibc
#endif

/// A file that lines are added to. A line that cannot be written does not stop a run: it is said once a minute.
final class AppendedFile {
  private let path: String
  let descriptor: Int32
  private var warned: ContinuousClock.Instant?

  /// Opens the file, or makes it.
  ///
  /// - Throws: `TrainingError` that names the file and the system's reason.
  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw TrainingError("\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(descriptor) }

  func write(line: String) {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return warn(String(cString: strerror(errno))) }
      bytes = bytes.dropFirst(count)
    }
  }

  private func warn(_ reason: String) {
    if let warned, ContinuousClock.now - warned < .seconds(60) { return }
    warned = .now
    try? StandardStream.error.write("warning: \(path): cannot be written: \(reason)\n")
  }
}
