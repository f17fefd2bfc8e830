import ArgumentParser
import Foundation
import Verification

/// `dense verify DIR`
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run golden cases: compare results with those of PyTorch, mmdetection and mmsegmentation.")

  @Argument(help: "The folder of case files.", completion: .directory)
  var folder: String

  @Option(help: "Only files whose path below the folder matches this shell pattern, such as 'layer/*'.")
  var filter: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  private struct Summary: Encodable {
    var passed: Int
    var failed: Int
    var cases: [CaseReport]
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let verifier = Verifier(folder: folder)
      let files = try verifier.files(matching: filter)
      guard !files.isEmpty else { throw ValidationError("No case in \(folder) matches \(filter ?? "*").") }
      var reports: [CaseReport] = []
      for file in files {
        let report = verifier.run(file)
        if !json { try Output.print(line(report)) }
        reports.append(report)
      }
      let passed = reports.count { $0.passed }
      if json {
        try Output.json(Summary(passed: passed, failed: reports.count - passed, cases: reports))
      } else {
        try Output.print("\(passed) passed, \(reports.count - passed) failed")
      }
      if passed < reports.count { throw ExitCode.failure }
    }
  }

  /// Name, largest error against its tolerance, verdict.
  private func line(_ report: CaseReport) -> String {
    let error = report.worst.map {
      String(format: "%.2e (%.0f%% of the tolerance, %@)", $0.absolute, 100 * $0.share, $0.tensor)
    }
    let verdict = report.passed ? "PASS" : "FAIL"
    return "\(verdict)  \(report.file)  \(error ?? "")\(report.message.map { "  \($0)" } ?? "")"
  }
}
