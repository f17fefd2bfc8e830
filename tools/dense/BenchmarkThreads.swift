import Analysis
import ArgumentParser
import Tensors

/// `dense benchmark threads CONFIG`
struct BenchmarkThreads: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "threads",
    abstract: "What more threads than there are cores would make of a config's model.",
    discussion: """
      A run on one thread records the pieces of every parallel loop, their times, and the time between. They are then put \
      on 2 to 64 threads as the pool does it: whoever is free takes the next piece. The table has this beside what was \
      measured with all cores of this machine (--threads), in alternating runs. Not reckoned with is that cores share the \
      memory and their frequency. Products are cut into pieces by the package, and OpenBLAS computes each on one thread: \
      they are loops as all others.

      Pictures are random, as for benchmark model.
      """)

  @OptionGroup var subject: BenchmarkedModel

  @Option(help: "What is measured: forward or train.")
  var mode = ModelBenchmark.Mode.train

  @Option(parsing: .unconditional, help: "Runs on one thread and on all; the medians count.")
  var rounds = 3

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard mode != .throughput else { throw ValidationError("--mode must be forward or train.") }
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be in 1...1000.") }
  }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let benchmark = try ModelBenchmark(
        try subject.model(for: mode), mode: mode, size: try subject.size(), batch: subject.batch,
        multiplyAccumulates: { _, _ in nil })
      let report = try benchmark.threads(rounds: rounds)
      if json { try Output.json(report) } else { try Output.print(report.text()) }
    }
  }
}
