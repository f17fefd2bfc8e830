import ArgumentParser
import Configuration
import Data
import Foundation
import Training

/// `dense data check CONFIG`
struct DataCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Read every image and annotation of a config once and list what is broken.",
    discussion: """
      Training, validation and test data are read. Exit status 1 if there are errors, 0 if there are notes only. For label maps a table of \
      the numbers in the files and their classes is printed too.
      """)

  @OptionGroup var config: ConfigOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let experiment = Experiment(try ExperimentConfiguration(config.load()), components: .all)
      let configuration = experiment.configuration
      let loaders = [
        (configuration.trainDataloader, []), (configuration.valDataloader, configuration.valEvaluators),
        (configuration.testDataloader, configuration.testEvaluators),
      ]
      let uses = loaders.compactMap { loader, evaluators in loader.map { ($0.dataset, evaluators) } }
      guard !uses.isEmpty else { throw DataError(file: config.config, "the config names no data sets") }
      let progress = ProgressLine(isQuiet: json)
      let report = try DatasetCheck(components: experiment.components.data, scope: experiment.scope).run(
        uses.map(\.0), use: { _ = try experiment.metrics(uses[$0].1, for: $1) },
        progress: { progress.show("\($0) of \($1) images read") })
      progress.clear()
      if json { try Output.json(report) } else { print(report.text(), terminator: "") }
      guard report.errorCount == 0 else { throw ExitCode.failure }
    }
  }
}

extension DatasetCheckReport {
  /// Rows of a kind that are shown; `--json` lists all.
  private static var rows: Int { 50 }

  /// Tables for the terminal.
  fileprivate func text() -> String {
    var text = "\(images) images, \(annotations) annotations\n"
    if !labels.isEmpty { text += "\n" + labelTable() }
    guard !faults.isEmpty else { return text + "nothing is wrong\n" }
    for kind in kinds {
      text += "\n\(kind.name): \(kind.faults.count)\(kind.severity == .note ? " (note)" : "")\n"
      for fault in kind.faults.prefix(Self.rows) {
        let id = fault.id.map { " [\($0)]" } ?? ""
        text += "  \(fault.file.withoutControls)\(id): \(fault.message.withoutControls)\n"
      }
      if kind.faults.count > Self.rows {
        text += "  … \(kind.faults.count - Self.rows) more; --json lists all\n"
      }
      if !kind.effect.isEmpty { text += "  → \(kind.effect)\n" }
    }
    return text + "\n\(faults.count) faults: \(errorCount) errors, \(faults.count - errorCount) notes\n"
  }

  private func labelTable() -> String {
    let names = labels.map { $0.isIgnored ? "(ignored)" : $0.className ?? "(no class)" }
    let width = max(5, names.map(\.count).max() ?? 0)
    func row(_ value: String, _ name: String, _ share: String) -> String {
      String(repeating: " ", count: max(0, 10 - value.count)) + value + "  "
        + name.padding(toLength: width, withPad: " ", startingAt: 0)
        + String(repeating: " ", count: max(0, 13 - share.count)) + share + "\n"
    }
    return row("file value", "class", "pixel share")
      + zip(labels, names).map { label, name in
        row("\(label.value)", name, String(format: "%.3f %%", 100 * label.share))
      }.joined() + "\n"
  }
}

extension String {
  /// Without characters that could play tricks on a terminal.
  fileprivate var withoutControls: String {
    unicodeScalars.map { $0.value < 32 || $0.value == 127 ? $0.escaped(asASCII: true) : String($0) }.joined()
  }
}
