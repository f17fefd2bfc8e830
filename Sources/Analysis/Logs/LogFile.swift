import Data
import Files
import Foundation
import Training

extension RunCurves {
  /// The largest log that is read: a line of text each ten iterations of a million is a quarter of that.
  private static let largestFile = 1 << 30

  /// Reads what a run has written.
  ///
  /// - Parameter path: A work directory (its runs follow each other, each from the step where it went on), a run's folder,
  ///   or a log: `scalars.json` and text logs of mm's, `metrics.json` and `log.txt` of detectron2, `log_rank0.txt` of Swin,
  ///   VMamba and their kin.
  /// - Throws: `FileError` where it cannot be read; `DataError` where it holds no figures.
  public init(contentsOf path: String) throws {
    var found: RunCurves
    if Folder.isFolder(path) {
      let runs = WorkDirectory.runFolders(in: path).map { Folder.join(path, $0) }
        .compactMap { folder in Self.log(in: folder).map { (folder, $0) } }
      if let own = Self.log(in: path) {
        found = try Self.read(own)
      } else if !runs.isEmpty {
        found = RunCurves(name: path)
        for run in runs { found.append(try Self.read(run.1)) }
      } else {
        throw DataError(
          file: path, "holds no log: a work directory, a run's folder, scalars.json or a text log is wanted")
      }
    } else {
      found = try Self.read(path)
    }
    found.name = path
    guard found.curves.contains(where: { !$0.points.isEmpty }) else {
      throw DataError(
        file: path,
        "holds no figures of a training run: a line such as {\"loss\": 1.5, \"step\": 10}, \"Iter(train) [10/100]  loss: 1.5\" "
          + "or \"Train: [0/300][10/1251] loss 1.5 (1.6)\" is wanted")
    }
    self = found
  }

  /// The log in a run's folder.
  private static func log(in folder: String) -> String? {
    let names = ["vis_data/scalars.json", "metrics.json", "log_rank0.txt", "log.txt"]
    if let name = names.first(where: { FileManager.default.fileExists(atPath: Folder.join(folder, $0)) }) {
      return Folder.join(folder, name)
    }
    let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    return (files.last { $0.hasSuffix(".log.json") } ?? files.last { $0.hasSuffix(".log") })
      .map { Folder.join(folder, $0) }
  }

  private static func read(_ file: String) throws -> RunCurves {
    let bytes = try RegularFile(file, wanted: "a log").whole(limit: largestFile)
    return RunCurves(log: String(decoding: bytes, as: UTF8.self), name: file)
  }

  /// Reads the lines of a log; those that tell no figures are passed over.
  public init(log text: String, name: String) {
    self.init(name: name)
    var lines = LogLines()
    for line in text.split(whereSeparator: \.isNewline) {
      guard let moment = lines.moment(of: line) else { continue }
      // A run that goes on from an earlier step tells what follows anew.
      if !moment.isOfValidation, moment.step <= lines.lastStep { cut(after: moment.step) }
      if !moment.isOfValidation { lines.lastStep = moment.step }
      add(step: moment.step, isOfValidation: moment.isOfValidation, moment.values)
    }
  }
}
