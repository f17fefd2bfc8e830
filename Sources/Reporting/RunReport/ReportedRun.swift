import Analysis
import Data
import Files
import Foundation
import Training

/// A run as its files tell it.
public struct ReportedRun: Sendable {
  /// What it is called: the work directory's name and the run's.
  package var name: String
  /// Where the report lies that it links from.
  package var folder: String
  package var curves: RunCurves
  /// Nil for a run that left none, such as another toolkit's.
  package var facts: ReportFacts?
  /// The head of the log: what runs, on what, in lines of name and text.
  package var setup: [(name: String, text: String)] = []
  /// Warnings and the error that ended it.
  package var warnings: [String] = []
  /// Names of files in the folder, relative to it.
  package var files: [String] = []

  private static let largestLog = 1 << 28
  private static let mostWarnings = 50

  /// Reads a run.
  ///
  /// - Parameter path: A work directory (its newest run), a run's folder, or a log as `dense analyze log` takes it.
  /// - Throws: `FileError` where it cannot be read; `DataError` where it holds no figures.
  public init(contentsOf path: String) throws {
    var folder = path
    if Folder.isFolder(path), let newest = WorkDirectory.runFolders(in: path).last {
      folder = Folder.join(path, newest)
    }
    self.folder = Folder.isFolder(folder) ? folder : Folder.split(path).folder
    let facts = Folder.isFolder(folder) ? ReportFacts(runFolder: folder) : nil
    self.facts = facts
    var curves: RunCurves
    do { curves = try RunCurves(contentsOf: folder) } catch {
      // A run that ended before its first figures still has its log.
      guard facts != nil else { throw error }
      curves = RunCurves(name: folder)
    }
    if let earlier = facts?.earlierRuns, !earlier.isEmpty {
      var whole = RunCurves(name: folder)
      for name in earlier where !name.contains("/") && name != ".." {
        let neighbour = Folder.join(Folder.split(folder).folder, name)
        if let run = try? RunCurves(contentsOf: neighbour) { whole.append(run) }
      }
      whole.append(curves)
      curves = whole
    }
    let parts = folder.split(separator: "/")
    name = parts.suffix(2).joined(separator: "/")
    curves.name = name
    self.curves = curves
    guard Folder.isFolder(folder) else { return }
    readLog(Folder.join(folder, "\(parts.last ?? "").log"))
    files = try Self.files(in: folder)
  }

  /// Reads what stands behind ` - dense - INFO - `.
  private mutating func readLog(_ file: String) {
    guard let bytes = try? RegularFile(file).whole(limit: Self.largestLog) else { return }
    var isHead = true
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      for (mark, isWarning) in [(" - INFO - ", false), (" - WARNING - ", true), (" - ERROR - ", true)] {
        guard let range = line.range(of: mark) else { continue }
        let text = line[range.upperBound...]
        if isWarning, warnings.count < Self.mostWarnings { warnings.append(String(text)) }
        guard !isWarning, isHead, let colon = text.range(of: ": ") else { break }
        setup.append((String(text[..<colon.lowerBound]), String(text[colon.upperBound...])))
        if text.hasPrefix("work directory: ") { isHead = false }
        break
      }
      if setup.count > 40 { isHead = false }
    }
  }

  private static func files(in folder: String) throws -> [String] {
    let names = [
      "metrics.csv", "vis_data/scalars.json", "vis_data/\(ReportFacts.fileName)", "vis_data/config.yaml",
      "\(Folder.split(folder).name).log", "curves.svg", "curves.png", "labels.png", "confusion_matrix.png",
      "train_batch0.jpg", "train_batch1.jpg", "train_batch2.jpg",
    ]
    return names.filter { FileManager.default.fileExists(atPath: Folder.join(folder, $0)) }
  }
}

extension ReportFacts {
  /// Reads what a run's folder holds; nil where there is none, or of another release.
  init?(runFolder: String) {
    let file = Folder.join(runFolder, "vis_data/\(Self.fileName)")
    guard let bytes = try? RegularFile(file).whole(limit: Self.largestFile),
      let facts = try? JSONDecoder().decode(Self.self, from: Foundation.Data(bytes))
    else { return nil }
    self = facts
  }
}
