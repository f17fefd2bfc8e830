import Files
import Foundation
import Imaging
import Training

#if canImport(Glibc)
  import Glibc
#endif

/// An event file, as TensorBoard reads it: figures, pictures and texts (mm's `TensorboardVisBackend`).
///
/// A record stands in it whole or not at all: what a full disk has cut short is taken away again.
package final class EventFile: ScalarSink {
  private let path: String
  private let descriptor: Int32
  private let now: () -> Double

  /// A new file in a folder, `events.out.tfevents.<seconds of its start>.dense`.
  ///
  /// - Parameter now: Seconds since 1970.
  /// - Throws: `FileError` with the system's reason.
  package init(in folder: String, now: @escaping () -> Double = { Date().timeIntervalSince1970 }) throws {
    path = Folder.join(folder, "events.out.tfevents.\(Int(max(0, now()))).dense")
    self.now = now
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(file: path, .write, FileError.systemReason()) }
    try write(.version, step: 0)
  }

  deinit { close(descriptor) }

  /// The figures under the names of `scalars.json`; what is no number is left out.
  package func write(_ scalars: Scalars) throws {
    let values = scalars.fields.compactMap { name, value -> (name: String, value: Float)? in
      switch value {
      case .integer(let number): (name, Float(number))
      case .real(let number): number.isFinite ? (name, Float(number)) : nil
      }
    }
    try write(.scalars(values), step: scalars.step)
  }

  /// A picture.
  package func write(_ picture: Image, name: String, step: Int) throws {
    try write(.picture(name: name, size: picture.size, png: try picture.encodedPNG()), step: step)
  }

  /// A text as it is, such as a config.
  package func write(text: String, name: String) throws {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    try write(.text(name: name, lines.map { "    \($0)" }.joined(separator: "\n")), step: 0)
  }

  private func write(_ content: EventRecord.Content, step: Int) throws {
    let bytes = EventRecord(time: now(), step: step, content: content).bytes
    let start = lseek(descriptor, 0, SEEK_END)
    let code = bytes.withUnsafeBytes { DescriptorOutput.write($0, to: descriptor) }
    guard code != 0 else { return }
    if start >= 0, ftruncate(descriptor, start) == 0 { lseek(descriptor, start, SEEK_SET) }
    throw FileError(file: path, .write, FileError.systemReason(code))
  }
}
