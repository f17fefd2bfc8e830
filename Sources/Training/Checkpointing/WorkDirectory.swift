import Files
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

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
    self.path = path
    timestamp = Folder.timestamp(below: path, at: start)
    try Self.refuseFile(at: path)
    do { try Folder.make(visualization) } catch {
      throw TrainingError("\(path.printed): the work directory cannot be made: \(error.reason)")
    }
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw TrainingError("\(path.printed): the work directory cannot be written to")
    }
  }

  /// Makes a work directory the run's own as long as the lock lives, and removes what runs that were killed left
  /// half-written in it.
  ///
  /// - Throws: `TrainingError` that names the process which holds it, or why it cannot be made or written to.
  static func lock(_ path: String) throws -> FolderLock {
    try refuseFile(at: path)
    do { try Folder.make(path) } catch {
      throw TrainingError("\(path.printed): the work directory cannot be made: \(error.reason)")
    }
    do {
      let lock = try FolderLock(path)
      for folder in [path] + runs(in: path).flatMap({ [$0] + folders(in: $0) }) {
        PartialName.removeAbandoned(in: folder)
      }
      return lock
    } catch {
      throw TrainingError("\(path.printed): the work directory cannot be written to: \(error.reason)")
    }
  }

  /// The folders of runs: those that look like one.
  private static func runs(in path: String) -> [String] {
    folders(in: path).filter { Folder.isFolder("\($0)/\(visualizationName)") }
  }

  /// The folders in a folder.
  private static func folders(in path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).map { "\(path)/\($0)" }
      .filter(Folder.isFolder)
  }

  private static func refuseFile(at path: String) throws {
    if let file = fileInTheWay(of: path) {
      throw TrainingError(
        "\(path.printed): the work directory cannot be made: "
          + (file == path ? "this is a file" : "\(file.printed) is a file")
          + ", not a folder. Name another one: "
          + "--work-dir DIR")
    }
  }

  /// The folder, or the first above it that there is, where that is no folder.
  private static func fileInTheWay(of path: String) -> String? {
    var place = path
    while !place.isEmpty, place != "/", place != "." {
      var status = stat()
      if stat(place, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR ? nil : place }
      place = folder(of: place)
    }
    return nil
  }

  /// What is before the last slash; empty for a name alone.
  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
  }

  /// `<timestamp>/`
  public var runFolder: String { "\(path)/\(timestamp)" }
  /// `<timestamp>/vis_data/`
  public var visualization: String { "\(runFolder)/\(Self.visualizationName)" }
  private static let visualizationName = "vis_data"
  /// `<timestamp>/<timestamp>.log`
  public var logFile: String { "\(runFolder)/\(timestamp).log" }
  /// `<timestamp>/vis_data/scalars.json`
  public var scalarsFile: String { "\(visualization)/scalars.json" }
  /// `<timestamp>/vis_data/config.yaml`
  public var configurationFile: String { "\(visualization)/config.yaml" }

  /// `<timestamp>/metrics.csv`
  public var metricsFile: String { "\(runFolder)/metrics.csv" }

  private static let lastCheckpointName = "last_checkpoint"

  /// Says which checkpoint is the newest.
  func setLastCheckpoint(_ name: String) throws {
    try AtomicFile.write((name + "\n").utf8, to: "\(path)/\(Self.lastCheckpointName)")
  }

  /// Whether a run has named its newest checkpoint.
  var hasLastCheckpoint: Bool { FileManager.default.fileExists(atPath: "\(path)/\(Self.lastCheckpointName)") }

  /// Removes a checkpoint that this run has written: one file in the folder, and nothing else whatever the name says.
  func remove(_ name: String) {
    guard CheckpointName(name) != nil else { return }
    var status = stat()
    let file = "\(path)/\(name)"
    guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    unlink(file)
  }

  /// The checkpoints in the folder that bear names as a run gives them, in no order.
  var checkpointNames: [CheckpointName] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).compactMap { CheckpointName($0) }
  }

  /// Whether a file lies in the folder itself, whichever way the two are written.
  func contains(_ file: String) -> Bool {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path.isEmpty ? "." : path).resolvingSymlinksInPath().standardizedFileURL.path
    }
    return resolved(Self.folder(of: file)) == resolved(path)
  }

  /// What a work directory stands for where a checkpoint is wanted: its best one, of several the newest; else its newest.
  ///
  /// - Throws: `TrainingError` when there is none.
  public static func bestCheckpoint(in path: String) throws -> String {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
      .compactMap { CheckpointName($0) }
    func newest(_ names: [CheckpointName]) -> String? {
      names.max { $0.count < $1.count }.map { "\(path)/\($0.file)" }
    }
    if let best = newest(names.filter { !$0.isRegular }) { return best }
    if FileManager.default.fileExists(atPath: "\(path)/\(lastCheckpointName)") {
      return try lastCheckpoint(in: path)
    }
    guard let file = newest(names) else {
      throw TrainingError(
        "\(path.printed): is a folder without a checkpoint: name a file, or a work directory")
    }
    return file
  }

  /// The newest checkpoint in a work directory, as its `last_checkpoint` names it.
  ///
  /// - Throws: `TrainingError` when there is none.
  public static func lastCheckpoint(in path: String) throws -> String {
    let file = "\(path)/\(lastCheckpointName)"
    let name = try name(in: file)
    // mm writes the whole path; beside it the file is found after a move, too.
    let moved = "\(path)/\(name.split(separator: "/").last ?? "")"
    return name.hasPrefix("/") && FileManager.default.fileExists(atPath: name) ? name : moved
  }

  /// The one line of a `last_checkpoint`.
  private static func name(in file: String) throws -> String {
    let remedy = "Leave --resume out to start anew, or name a checkpoint: --resume FILE"
    var status = stat()
    guard stat(file, &status) == 0 else {
      let reason = errno == ENOENT ? "no such file" : String(cString: strerror(errno))
      throw TrainingError("\(file.printed): \(reason): there is no checkpoint to resume from. \(remedy)")
    }
    // Opening a pipe would wait for somebody to write into it.
    guard status.st_mode & S_IFMT == S_IFREG else {
      let what = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "no regular file"
      throw TrainingError("\(file.printed): is \(what), not a file that names a checkpoint. \(remedy)")
    }
    guard status.st_size <= 65_536, let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      throw TrainingError("\(file.printed): does not hold the name of a checkpoint. \(remedy)")
    }
    let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !name.isEmpty else { throw TrainingError("\(file.printed): names no checkpoint. \(remedy)") }
    guard !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
      throw TrainingError(
        "\(file.printed): does not hold the name of a checkpoint, but \"\(name.printed)\". \(remedy)")
    }
    return name
  }
}
