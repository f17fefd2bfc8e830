import Analysis
import ArgumentParser
import Distribution

/// `dense benchmark ranks`
struct BenchmarkRanks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ranks", abstract: "What the way between ranks gives: mpirun -n 4 dense benchmark ranks.",
    discussion: """
      Sums as many numbers as a model has gradients over all ranks, as each step of a training does, and holds the \
      bits of the sum against those of one process.
      """)

  @Option(parsing: .unconditional, help: "Megabytes of gradients.")
  var size = 100

  @Option(parsing: .unconditional, help: "How often they are summed; the median counts.")
  var rounds = 5

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...10_000).contains(size) else { throw ValidationError("--size must be in 1...10000.") }
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be in 1...1000.") }
  }

  func run() throws {
    try Ranks.together(threads, json: json) { ranks in
      let report = try RankBenchmark(ranks).run(megabytes: size, rounds: rounds)
      guard ranks.isFirst else { return }
      if json { try Output.json(report) } else { try Output.print(report.text) }
    }
  }
}
