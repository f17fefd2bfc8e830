import Analysis
import ArgumentParser

/// `dense benchmark`
struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure speed against the machine's own limits.", subcommands: [BenchmarkOperations.self])
}

/// `dense benchmark ops`
struct BenchmarkOperations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops", abstract: "Each operation's rate as a part of what the machine does in the same run.",
    discussion: """
      P is the rate of OpenBLAS' sgemm 2048x2048x2048, M that of a copy of 256 MiB, both with all threads. \
      Floors are for machines with AVX-512, without OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE. Needs 2 GB.
      """)

  @Option(help: "How often everything is measured; medians count.")
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
      if json { try Output.json(report) } else { print(report.text()) }
    }
  }
}
