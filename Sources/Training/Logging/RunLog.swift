import Files
import Foundation
import Tensors

/// What a run says: on the terminal, unless quiet, and in the log file.
public final class RunLog {
  private let file: AppendedFile?
  private let isQuiet: Bool
  private let progress: ProgressLine
  private let output: StandardStream
  private let stop: StopRequest?
  private var hasWarnedOfOutput = false
  /// Writes the last line where the engine ends the program.
  private var lastWords: EngineFailure.Token?

  /// A log.
  ///
  /// - Parameters:
  ///   - path: The log file; nil for none.
  ///   - output: Where lines go that are shown.
  ///   - stop: Asked when the reader of what is shown has gone.
  /// - Throws: `TrainingError` when the file cannot be opened.
  init(
    path: String?, isQuiet: Bool, progress: ProgressLine, output: StandardStream = .output,
    stop: StopRequest? = nil
  ) throws {
    self.stop = stop
    file = try path.map { try AppendedFile(path: $0) }
    (self.isQuiet, self.progress, self.output) = (isQuiet, progress, output)
    lastWords = file.map { file in
      let descriptor = file.descriptor
      return EngineFailure.onFailure { message in
        try? StandardStream(descriptor: descriptor).write(Self.dated("ERROR", message) + "\n")
      }
    }
  }

  deinit { if let lastWords { EngineFailure.forget(lastWords) } }

  /// A line with the time in front.
  public func info(_ text: String) { plain(Self.dated("INFO", text)) }

  /// A warning with the time in front.
  public func warning(_ text: String) { plain(Self.dated("WARNING", text)) }

  /// What ends the run, with the time in front, on one line of the log file. Who catches the error shows it to people.
  public func error(_ text: String) {
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    file?.write(line: Self.dated("ERROR", lines.joined(separator: " ")))
  }

  /// What ends the run before its time without being a mistake; as `error`.
  func ending(_ text: String) { file?.write(line: Self.dated("WARNING", text)) }

  /// A line as it is.
  public func plain(_ text: String) {
    file?.write(line: text)
    guard !isQuiet else { return }
    progress.clear()
    do { try output.write(text + "\n") } catch {
      if error.isClosedPipe, let stop {
        // A reader that has enough: the run ends as by a signal, without a word.
        return stop.ask(by: SIGPIPE)
      }
      // A full disk behind standard output must not cost the run; the file has all of it.
      guard !hasWarnedOfOutput else { return }
      hasWarnedOfOutput = true
      let warning = Self.dated(
        "WARNING", "standard output cannot be written: \(error.reason); the run goes on")
      file?.write(line: warning)
      try? StandardStream.error.write(warning + "\n")
    }
  }

  private static func dated(_ level: String, _ text: String) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy/MM/dd HH:mm:ss"
    return "\(formatter.string(from: Date())) - dense - \(level) - \(text)"
  }
}
