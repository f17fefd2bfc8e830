import Analysis
import ArgumentParser

/// `dense benchmark scan`
struct BenchmarkScan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract:
      "The selective scans of a VMamba's four stages, as parts of what the machine does in the same run.",
    discussion: """
      Each stage has maps of half the sides of the one before, and twice its channels; the first has a quarter of the \
      picture's sides. Rates are updates of a state a second as a part of P, that of OpenBLAS' sgemm 2048x2048x2048; with \
      one state, bytes a second as a part of M, that of a copy of 256 MiB. Time grows with the number of pixels, and so does \
      memory. Floors are those of 'benchmark ops', for maps of 56x56 on machines with AVX-512; small maps stay below them.
      """)

  @Option(parsing: .unconditional, help: "Pictures at a time.")
  var batch = 1

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Height and width of the pictures. (default: 224 224)", valueName: "pixels"))
  var shape: [Int] = []

  @Option(parsing: .unconditional, help: "Channels that the first stage scans: VMamba-T 192, -B 256.")
  var channels = 192

  @Option(
    parsing: .unconditional, help: "States of a channel: 1 as of today's VMamba, 16 as of its first version.")
  var states = 16

  @Option(parsing: .unconditional, help: "How often everything is measured; medians count.")
  var rounds = 5

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...4096).contains(batch) else { throw ValidationError("--batch must be in 1...4096.") }
    guard shape.isEmpty || shape.count == 2 && shape.allSatisfy({ (32...16_384).contains($0) }) else {
      throw ValidationError("--shape takes a height and a width, each in 32...16384.")
    }
    guard (1...4096).contains(channels) else { throw ValidationError("--channels must be in 1...4096.") }
    guard (1...64).contains(states) else { throw ValidationError("--states must be in 1...64.") }
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be in 1...1000.") }
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let scans = ScanShape.stages(
        images: batch, height: shape.first ?? 224, width: shape.last ?? 224, channels: channels,
        states: states)
      let report = OperationBenchmark(scans: scans).run(rounds: rounds)
      if json { try Output.json(report) } else { try Output.print(report.text()) }
    }
  }
}
