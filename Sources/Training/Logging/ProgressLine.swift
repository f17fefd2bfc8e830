import Files
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A line at the bottom of a terminal that is written over and over; nothing where there is no terminal.
public final class ProgressLine {
  private let isShown: Bool
  private var width = 0
  private var last: ContinuousClock.Instant?

  /// A line on standard error.
  ///
  /// - Parameter isQuiet: Whether nothing is shown on a terminal either.
  public init(isQuiet: Bool = false) {
    isShown =
      !isQuiet && isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
      && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Replaces the line, at most ten times a second.
  public func show(_ text: @autoclosure () -> String) {
    guard isShown else { return }
    if let last, ContinuousClock.now - last < .milliseconds(100) { return }
    last = .now
    let text = String(text().prefix(Self.columns - 1))
    write("\r" + text + String(repeating: " ", count: max(0, width - text.count)))
    width = text.count
  }

  /// Takes the line away.
  public func clear() {
    guard isShown, width > 0 else { return }
    write("\r" + String(repeating: " ", count: width) + "\r")
    width = 0
  }

  private func write(_ text: String) { try? StandardStream.error.write(text) }

  private static var columns: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
