import ArgumentParser
import Configuration
import Foundation
import Reporting
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

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  private struct Report: Encodable {
    var checkpoint: String
    var images: Int
    var seconds: Double
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

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let named = try CheckpointWords(words, wantsMore: false)
      let checkpoint = try named.checkpointFile()
      let configuration = try replacements.experiment(named.config, carriedBy: checkpoint)
      if let out, let mismatch = ResultKind(of: configuration, components: .all)?.mismatch(with: out) {
        throw ValidationError("\(mismatch).")
      }
      let run = try TestRun(
        configuration: configuration, components: .all, checkpoint: checkpoint,
        allowMissing: allowMissing, mergesVariants: tta)
      if !json { try Output.print("\(run.loading) from \(checkpoint)") }
      if let estimate = try run.memoryEstimate() { Output.message(estimate) }
      let start = ContinuousClock.now
      var plan = OutputPlan(keepingDataOf: configuration)
      plan.keep(checkpoint, as: "the checkpoint")
      var writer = try ResultWriter(out: out, showDir: showDir, dataset: run.loader.dataset, plan: plan)
      var images = 0
      let (summary, _) = try run.run(progress: ProgressLine(isQuiet: json)) { prediction, sample in
        images += 1
        try writer.add(prediction, for: sample)
      }
      let files = try writer.finish()
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      if json {
        try Output.json(
          Report(
            checkpoint: checkpoint, images: images, seconds: seconds, metrics: AnyMetrics(value: summary.json)
          ))
      } else {
        try Output.print(summary.table)
        try Output.print(
          summary.values.map { "\($0.name): \(String(format: "%.4f", $0.value))" }.joined(separator: "  "))
        for file in files { try Output.print("written: \(file)") }
        try Output.print(String(format: "%d images in %.1f s", images, seconds))
      }
    }
  }
}
