import Analysis
import ArgumentParser
import Configuration
import Tensors
import Training

/// `dense analyze`
struct Analyze: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find out about a model, its weights and operations, or about runs.",
    subcommands: [
      AnalyzeComplexity.self, AnalyzeReceptiveField.self, AnalyzeScale.self, AnalyzeAnchors.self,
      AnalyzeActivations.self, AnalyzeLog.self,
    ])
}

extension ScanRule: ExpressibleByArgument {}

/// `dense analyze complexity CONFIG`
struct AnalyzeComplexity: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "complexity",
    abstract: "Count a config's weights and multiply-accumulates, by parts and operations.",
    discussion: """
      Neither data nor weights are needed, and nothing is computed: every operation is counted from its shapes. \
      FLOPs are multiply-accumulates, as in the published tables: what an image takes up to logits, auxiliary heads, \
      suppression and resizing to the file's size left out; a detector's second stage sees as many regions as \
      test_cfg.rpn keeps, its mask head the first 100. num_classes is the config's, else 80 (detectors), \
      150 (segmentors), 1000 (classifiers).
      """)

  @OptionGroup var config: ConfigOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Height and width of the image, one number for both. (default: 1280 800 for detectors, 512 2048 for segmentors "
        + "or 640 2560 with crops of 640, 224 224 for classifiers)", valueName: "pixels"))
  var shape: [Int] = []

  @Option(
    help: ArgumentHelp(
      "How a selective scan is counted: legacy, as in the tables of February 2024, or hardware, 9 a channel, step and "
        + "state. (default: as the model's release counts)"))
  var scanFlops: ScanRule?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard shape.count <= 2, shape.allSatisfy({ (1...65_536).contains($0) }) else {
      throw ValidationError("--shape: one or two numbers in 1...65536 are wanted: height and width.")
    }
  }

  func run() throws {
    try Output.reporting(json: json) {
      let experiment = Experiment(try ExperimentConfiguration(try config.load()), components: .all)
      let model = try Computation.shapesOnly { try experiment.modelWithoutData() }
      let report = try Complexity(
        of: model, height: shape.first, width: shape.last, scanRule: scanFlops)
      if json { try Output.json(report) } else { try Output.print(report.text()) }
    }
  }
}
