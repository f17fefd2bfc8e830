import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Why nothing more can be written to standard output or standard error.
public struct StreamError: LocatedError, Equatable {
  /// `standard output` or `standard error`.
  public let stream: String
  /// Whether the reader of a pipe has gone, as `head` does when it has enough: no mistake of anybody.
  public let isClosedPipe: Bool
  /// The system's reason.
  public let reason: String

  /// Stream and reason.
  public var message: String { "\(stream) cannot be written: \(reason)" }
  /// It belongs to no file.
  public var place: ErrorPlace { ErrorPlace() }
  /// The message.
  public var description: String { message }
}

/// Standard output and standard error, written with write(2): what cannot be written is an error, never a trap.
public struct StandardStream: Sendable {
  /// Standard output.
  public static let output = StandardStream(descriptor: STDOUT_FILENO, name: "standard output")
  /// Standard error.
  public static let error = StandardStream(descriptor: STDERR_FILENO, name: "standard error")

  private let descriptor: Int32
  private let name: String

  /// Another descriptor under a stream's name, for tests.
  package init(descriptor: Int32, name: String = "standard output") {
    (self.descriptor, self.name) = (descriptor, name)
  }

  /// Writes all of the bytes.
  ///
  /// - Throws: `StreamError` when the stream is closed, its disk is full or its reader has gone.
  public func write(_ bytes: some Sequence<UInt8>) throws(StreamError) {
    let code = Array(bytes).withUnsafeBytes { DescriptorOutput.write($0, to: descriptor) }
    guard code != 0 else { return }
    throw StreamError(
      stream: name, isClosedPipe: code == EPIPE,
      reason: code == EPIPE ? "its reader has gone" : FileError.systemReason(code))
  }

  /// Writes a text.
  ///
  /// - Throws: `StreamError` when the stream is closed, its disk is full or its reader has gone.
  public func write(_ text: String) throws(StreamError) { try write(text.utf8) }

  /// Makes a process fit for it, once at its start: a reader that has gone, or a file at the limit of its size, is an
  /// error of write(2) and no signal; and a stream that is closed stays so, for else the next file that is opened would
  /// take its number and get what is meant for the stream.
  public static func prepareProcess() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for (descriptor, mode) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ]
    where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
      // The lowest free number is given out: this one. Open the wrong way round, it still refuses its use.
      _ = open("/dev/null", mode)
    }
  }
}
