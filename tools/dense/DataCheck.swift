import ArgumentParser
import Configuration
import Data
import Reporting
import Training

/// `dense data check CONFIG`
struct DataCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Read every image and annotation of a config once and list what is broken.",
    discussion: """
      Training, validation and test data are read; what training or testing would refuse of the config is listed, too. Exit status 1 if there are errors, 0 if there are notes only. For label maps a table of \
      the numbers in the files and their classes is printed too, for classifiers the number of images of each class.
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
      var report = try DatasetCheck(components: experiment.components.data, scope: experiment.scope).run(
        uses.map(\.0), training: configuration.trainDataloader == nil ? nil : 0,
        use: { _ = try experiment.metrics(uses[$0].1, for: $1) },
        progress: { progress.show("\($0) of \($1) images read") })
      progress.clear()
      for refusal in experiment.refusals() {
        report.add(refusal: refusal.error, effect: refusal.effect, config: config.config)
      }
      if json { try Output.json(report) } else { try Output.print(report.text(), terminator: "") }
      guard report.errorCount == 0 else { throw ExitCode.failure }
    }
  }
}
