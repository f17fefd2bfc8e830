import Analysis
import ArgumentParser
import Configuration
import Training

/// `dense benchmark`
struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Measure speed: operations, scans or a model against the machine's own limits, the loading of data, the way between ranks.",
    subcommands: [
      BenchmarkOperations.self, BenchmarkScan.self, BenchmarkModel.self, BenchmarkThreads.self,
      BenchmarkData.self, BenchmarkRanks.self,
    ])
}

/// `dense benchmark ops`
struct BenchmarkOperations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops", abstract: "Each operation's rate as a part of what the machine does in the same run.",
    discussion: """
      P is the rate of OpenBLAS' sgemm 2048x2048x2048, M that of a copy of 256 MiB, both with all threads. \
      Floors are for machines with AVX-512, without OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE. Needs 2 GB.
      """)

  @Option(parsing: .unconditional, help: "How often everything is measured; medians count.")
  var rounds = 5

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be in 1...1000.") }
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let report = OperationBenchmark().run(rounds: rounds)
      if json { try Output.json(report) } else { try Output.print(report.text()) }
    }
  }
}

/// `dense benchmark data CONFIG`
struct BenchmarkData: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "How fast a config's training data are loaded, and where the time goes.",
    discussion: """
      Images per second are those of the train loader, with its workers. Stages are the steps of its pipeline, \
      in milliseconds of one thread for a mean image.
      """)

  @OptionGroup var config: ConfigOptions

  @Option(parsing: .unconditional, help: "How many images are loaded, for the rate and for the stages.")
  var images = 200

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...1_000_000).contains(images) else { throw ValidationError("--images must be in 1...1000000.") }
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let configuration = try ExperimentConfiguration(try config.load())
      let experiment = Experiment(configuration, components: .all)
      let report = try DataBenchmark(try experiment.trainLoader(seed: TrainingRun.defaultSeed))
        .run(images: images)
      if json { try Output.json(report) } else { try Output.print(report.text()) }
    }
  }
}
