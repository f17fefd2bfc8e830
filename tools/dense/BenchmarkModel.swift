import Analysis
import ArgumentParser
import Configuration
import Imaging
import Modeling
import Tensors

/// `dense benchmark model CONFIG`
struct BenchmarkModel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract:
      "A config's model on random pictures: time, memory, and its rate as a part of what the machine does.",
    discussion: """
      Forward is from pixels to predictions, train from samples to the gradients of all weights (the optimiser's update \
      is not part of it); throughput is forward, in images a second: (batch x rounds) / time, as VMamba's --throughput \
      has it, which runs 50 batches of 128 to warm up and then 30 (--batch 128 --warm-up 50 --rounds 30). \
      P is the rate of OpenBLAS' sgemm 2048x2048x2048 with all threads, measured before every round. Rates count 2 \
      operations a multiply-accumulate, and in training three times those of the forward pass.

      No data are needed, and nothing of the config but 'model', 'default_scope' and 'precision' is looked at: \
      pictures are noise, classes, boxes, masks and labels random, weights those that training starts from, num_classes \
      the config's, else 80 (detectors), 150 (segmentors), 1000 (classifiers). Such weights find few objects: a \
      detector's second stage has the most to do with --cfg-options model.test_cfg.rcnn.score_thr=0.
      """)

  @OptionGroup var subject: BenchmarkedModel

  @Option(help: "What is measured: forward, train or throughput.")
  var mode = ModelBenchmark.Mode.forward

  @Option(parsing: .unconditional, help: "Runs that do not count. (default: 3 for throughput, else 1)")
  var warmUp: Int?

  @Option(parsing: .unconditional, help: "Runs that count. (default: 10 for throughput, else 5)")
  var rounds: Int?

  @Option(help: "How the operations of scans are counted: legacy or hardware.")
  var scanFlops = ScanRule.legacy

  @Flag(help: ArgumentHelp(PrecisionHelp.half))
  var half = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...10_000).contains(warmUp ?? 1) else { throw ValidationError("--warm-up must be in 1...10000.") }
    guard (1...10_000).contains(rounds ?? 1) else { throw ValidationError("--rounds must be in 1...10000.") }
    if half, mode == .train {
      throw ValidationError(
        "--half is for inference: training is float32. --mode forward or throughput takes it.")
    }
  }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let benchmark = try ModelBenchmark(
        try subject.model(for: mode), mode: mode, size: try subject.size(), batch: subject.batch, half: half,
        multiplyAccumulates: multiplyAccumulates(of:_:))
      let isThroughput = mode == .throughput
      let report = try benchmark.run(
        warmUp: warmUp ?? (isThroughput ? 3 : 1), rounds: rounds ?? (isThroughput ? 10 : 5))
      if json { try Output.json(report) } else { try Output.print(report.text()) }
    }
  }

  /// Of one picture; nil: not counted.
  private func multiplyAccumulates(of model: any Model, _ size: ImageSize) throws -> Int? {
    guard model is any MeasurableModel else { return nil }
    return try Complexity(of: model, height: size.height, width: size.width, scanRule: scanFlops).flops
  }
}
