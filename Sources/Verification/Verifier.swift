import Checkpoints
import Foundation

/// Runs golden cases: every case file below a folder, one report each.
public struct Verifier: Sendable {
  /// What computes the cases of each kind: a new family is a file in this folder and a line here.
  static let runners: [String: CaseRunner] = [
    layerCases, scanCases, vssmCases, swinCases, viTCases, detectionOperatorCases, detectionModelCases,
    segmentationCases, imageCases, pictureAugmentationCases, classificationCases,
    trainingCases, checkpointCases, receptiveFieldCases,
  ].reduce(into: [:]) { $0.merge($1) { _, new in new } }

  private let folder: String

  /// A verifier of the cases below a folder.
  public init(folder: String) { self.folder = folder }

  /// The case files below the folder whose path below it matches `filter`, sorted.
  ///
  /// - Throws: `CheckpointError` when there is no such folder.
  public func files(matching filter: String? = nil) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue,
      let walker = FileManager.default.enumerator(atPath: folder)
    else {
      throw CheckpointError(file: folder, "no such folder")
    }
    var found: [String] = []
    for case let path as String in walker where Self.isCase(path, in: folder) {
      if filter.map({ path.matchesGlob($0) }) ?? true { found.append(path) }
    }
    return found.sorted()
  }

  /// A safetensors file beside a checkpoint of the same name holds its case too.
  private static func isCase(_ path: String, in folder: String) -> Bool {
    path.hasSuffix(".safetensors") || JSONCases.isCase(path)
  }

  /// Runs one case.
  public func run(_ file: String) -> CaseReport {
    let path = folder + "/" + file
    var report = CaseReport(file: file, kind: "", passed: false)
    do {
      if file.hasSuffix(".json") {
        let (kind, worst, faults) = try JSONCases.run(path)
        report.kind = kind
        report.finish(worst: worst, faults: faults)
        return report
      }
      let golden = try GoldenCase(file: path)
      report.kind = golden.kind
      guard let runner = Self.runners[golden.kind] else { throw NotBuiltYet() }
      let (worst, faults) = compare(try runner(golden).tensors, with: golden)
      report.finish(worst: worst, faults: faults)
    } catch {
      report.message = "\(error)"
    }
    return report
  }
}

extension CaseReport {
  fileprivate mutating func finish(worst: Deviation?, faults: [String]) {
    self.worst = worst
    passed = faults.isEmpty
    if !faults.isEmpty {
      message = faults.prefix(3).joined(separator: "; ") + (faults.count > 3 ? "; … \(faults.count)" : "")
    }
  }
}

extension String {
  /// Whether a shell pattern (`*`, `?`, `[...]`; `*` crosses slashes) describes this path.
  func matchesGlob(_ pattern: String) -> Bool { fnmatch(pattern, self, 0) == 0 }
}
