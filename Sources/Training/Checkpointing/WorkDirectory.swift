import Files
import Checkpoints
import Foundation

/// Where a run writes: checkpoints in the folder itself, logs in a folder of the run's own below it.
public struct WorkDirectory: Sendable {
  /// The folder of checkpoints.
  public let path: String
  /// `yyyyMMdd_HHmmss` of the run's start, with a number behind it where that is taken.
  public let timestamp: String

  /// Makes the folders.
  ///
  /// - Throws: `TrainingError` that names what cannot be made, and why.
  public init(_ path: String, start: Date = Date()) throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyyMMdd_HHmmss"
    let base = formatter.string(from: start)
    var timestamp = base
    var attempt = 1
    while FileManager.default.fileExists(atPath: "\(path)/\(timestamp)") {
      attempt += 1
      timestamp = "\(base)_\(attempt)"
    }
    self.path = path
    self.timestamp = timestamp
    do {
      try FileManager.default.createDirectory(atPath: visualization, withIntermediateDirectories: true)
    } catch {
      throw TrainingError("\(path): the work directory cannot be made: \(error.localizedDescription)")
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw TrainingError("\(path): the work directory cannot be written to")
    }
  }

  /// `<timestamp>/`
  public var runFolder: String { "\(path)/\(timestamp)" }
  /// `<timestamp>/vis_data/`
  var visualization: String { "\(runFolder)/vis_data" }
  /// `<timestamp>/<timestamp>.log`
  public var logFile: String { "\(runFolder)/\(timestamp).log" }
  /// `<timestamp>/vis_data/scalars.json`
  public var scalarsFile: String { "\(visualization)/scalars.json" }
  /// `<timestamp>/vis_data/config.yaml`
  public var configurationFile: String { "\(visualization)/config.yaml" }

  private static let lastCheckpointName = "last_checkpoint"

  /// Says which checkpoint is the newest.
  func setLastCheckpoint(_ name: String) throws {
    try AtomicFile.write((name + "\n").utf8, to: "\(path)/\(Self.lastCheckpointName)")
  }

  /// Removes a checkpoint that this run has written.
  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }

  /// The newest checkpoint in a work directory, as its `last_checkpoint` names it.
  ///
  /// - Throws: `TrainingError` when there is none.
  public static func lastCheckpoint(in path: String) throws -> String {
    let file = "\(path)/\(lastCheckpointName)"
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw TrainingError(
        "\(file): no such file: there is no checkpoint to resume from. Leave --resume out to start anew, or "
          + "name a checkpoint: --resume FILE")
    }
    let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !name.isEmpty else { throw TrainingError("\(file): names no checkpoint") }
    // mm writes the whole path; beside it the file is found after a move, too.
    let moved = "\(path)/\((name as NSString).lastPathComponent)"
    return name.hasPrefix("/") && FileManager.default.fileExists(atPath: name) ? name : moved
  }
}
