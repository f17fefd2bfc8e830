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
  public func show(_ text: @autoclosure () -> String) { show([text()]) }

  /// Replaces the line, at most ten times a second, by as many fields as fit: the most important stand first.
  public func show(_ fields: @autoclosure () -> [String]) {
    guard isShown else { return }
    if let last, ContinuousClock.now - last < .milliseconds(100) { return }
    last = .now
    let text = Self.fitting(fields(), columns: Self.columns)
    write("\r" + text + String(repeating: " ", count: max(0, width - text.count)))
    width = text.count
  }

  /// As many fields, two spaces apart, as fit into a line without its last column, which would begin the next one. The
  /// first is cut where it does not fit alone.
  package static func fitting(_ fields: [String], columns: Int) -> String {
    var line = String((fields.first ?? "").prefix(max(0, columns - 1)))
    for field in fields.dropFirst() where line.count + 2 + field.count < columns { line += "  " + field }
    return line
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
