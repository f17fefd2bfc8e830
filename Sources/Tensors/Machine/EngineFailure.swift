import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// How the program ends when an operation cannot be done: shapes that do not fit each other, or no memory.
///
/// One line `error: ...` on standard error and exit status 1, from whatever thread, without a trap or a backtrace.
public enum EngineFailure {
  /// What `onFailure` gives, to be handed to `forget`.
  public struct Token: Hashable, Sendable {
    fileprivate let number: Int
  }

  private struct Listener {
    var token: Token
    var body: @Sendable (String) -> Void
  }

  private static let listeners = Mutex<(next: Int, all: [Listener])>((0, []))
  /// The thread that ends the program; 0 while none does.
  private static let ending = Atomic<UInt>(0)

  /// Has `body` told the message, without `error: `, before the program ends: the last words of a log.
  ///
  /// It is called on the thread that failed, and must neither wait for another thread nor compute with tensors.
  public static func onFailure(_ body: @escaping @Sendable (_ message: String) -> Void) -> Token {
    listeners.withLock { listeners in
      let token = Token(number: listeners.next)
      listeners.next += 1
      listeners.all.append(Listener(token: token, body: body))
      return token
    }
  }

  /// Takes back what `onFailure` was given.
  public static func forget(_ token: Token) {
    listeners.withLock { $0.all.removeAll { $0.token == token } }
  }

  /// Ends the program with one line on standard error and exit status 1.
  package static func end(_ message: String) -> Never {
    let thread = UInt(pthread_self())
    let (isFirst, other) = ending.compareExchange(
      expected: 0, desired: thread, ordering: .acquiringAndReleasing)
    if !isFirst {
      // A listener that fails itself ends at once; other threads wait for the first one's end.
      guard other != thread else { _exit(1) }
      while true { pause() }
    }
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    // A reader that has gone must not end the program in another way.
    signal(SIGPIPE, SIG_IGN)
    for listener in listeners.withLock({ $0.all }) { listener.body(line) }
    fflush(nil)
    write("error: \(line)\n", to: STDERR_FILENO)
    // Not `exit`, which takes down what other threads still work with.
    _exit(1)
  }

  /// Writes what can be written: nobody is left to be told of a closed or full output.
  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while let start = rest.baseAddress, !rest.isEmpty {
        let written = Glibc.write(descriptor, start, rest.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      }
    }
  }
}

/// Ends the program by ``EngineFailure`` unless a condition holds.
///
/// - Parameter message: What does not hold, with the shapes: `targets [2, 3] for logits [2, 4]`.
package func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if !condition { EngineFailure.end(message()) }
}
