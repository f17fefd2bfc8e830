import ArgumentParser
import Configuration
import Distribution
import Foundation
import Reporting
import Tensors
import Training

/// `dense test [CONFIG] CHECKPOINT`
struct Test: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate a checkpoint on the test data of its config.",
    usage: "dense test [<config>] <checkpoint> [<options>]")

  @Argument(
    help: ArgumentHelp(
      "The config file (YAML), unless the checkpoint's own is meant, and the checkpoint (safetensors or .pth) or a work "
        + "directory, which stands for its best checkpoint, else its newest.",
      valueName: "[config] checkpoint"), completion: .file())
  var words: [String]

  @OptionGroup var replacements: OverrideOptions

  @Option(
    help: ArgumentHelp(
      "Result files. F.json: a detector's F.bbox.json and F.segm.json, as pycocotools reads them; a classifier's classes "
        + "and scores of each image. A folder: a segmentor's label maps as PNG.",
      valueName: "path"))
  var out: String?

  @Option(help: "A folder for pictures of the predictions.", completion: .directory)
  var showDir: String?

  @Option(help: "A pattern, such as 'roi_head.*', of weights that the checkpoint may lack. May be repeated.")
  var allowMissing: [String] = []

  @Flag(
    help:
      "Test-time augmentation: predict the variants that tta_pipeline makes of each image, and let tta_model merge them."
  )
  var tta = false

  @Flag(help: ArgumentHelp(PrecisionHelp.half))
  var half = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  private struct Report: Encodable {
    var checkpoint: String
    var images: Int
    var seconds: Double
    /// What products were taken in, where bfloat16 was asked for.
    var precision: Precision?
    var metrics: AnyMetrics
  }

  /// The metrics' own object.
  private struct AnyMetrics: Encodable {
    var value: any Encodable & Sendable
    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
  }

  func validate() throws {
    try requireNames(["--out": out, "--show-dir": showDir])
    _ = try CheckpointWords(words, wantsMore: false)
  }

  /// What is opened before the first image.
  private func prepare() throws -> (TestRun, checkpoint: String, ResultWriter) {
    let named = try CheckpointWords(words, wantsMore: false)
    let checkpoint = try named.checkpointFile()
    let configuration = try replacements.experiment(named.config, carriedBy: checkpoint)
    if let out, let mismatch = ResultKind(of: configuration, components: .all)?.mismatch(with: out) {
      throw ValidationError("\(mismatch).")
    }
    let run = try TestRun(
      configuration: configuration, components: .all, checkpoint: checkpoint,
      allowMissing: allowMissing, mergesVariants: tta, half: half)
    var plan = OutputPlan(keepingDataOf: configuration)
    plan.keep(checkpoint, as: "the checkpoint")
    return (
      run, checkpoint,
      try ResultWriter(out: out, showDir: showDir, dataset: run.loader.dataset, plan: plan)
    )
  }

  func run() throws {
    try Ranks.together(threads, json: json) { ranks in
      let (run, checkpoint, prepared) = try ranks.agreeing(on: \.0.facts) { try prepare() }
      var writer = prepared
      if ranks.isFirst, let note = run.precision.note { Output.message("note: \(note)") }
      if !json, ranks.isFirst { try Output.print("\(run.loading) from \(checkpoint)") }
      if ranks.isFirst, let estimate = try run.memoryEstimate() { Output.message(estimate) }
      let start = ContinuousClock.now
      var own: UInt64 = 0
      let (summary, _) = try run.run(
        progress: ProgressLine(isQuiet: json || !ranks.isFirst), ranks: ranks
      ) { prediction, sample in
        own += 1
        try writer.add(prediction, for: sample)
      }
      let files = try writer.finish(over: ranks)
      let images = Int(try ranks.gather(own).reduce(0, +))
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      guard ranks.isFirst else { return }
      let precision = run.precision.told
      if json {
        try Output.json(
          Report(
            checkpoint: checkpoint, images: images, seconds: seconds, precision: precision,
            metrics: AnyMetrics(value: summary.json)
          ))
      } else {
        try Output.print(summary.table)
        try Output.print(
          summary.values.map { "\($0.name): \(String(format: "%.4f", $0.value))" }.joined(separator: "  "))
        for file in files { try Output.print("written: \(file)") }
        let type = precision.map { ", \($0.rawValue)" } ?? ""
        try Output.print(String(format: "%d images in %.1f s%@", images, seconds, type))
      }
    }
  }
}
