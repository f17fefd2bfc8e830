import Analysis
import ArgumentParser
import Configuration
import Data
import Files
import Modeling
import Reporting
import Training

/// `dense data stats CONFIG|FILE`
struct DataStats: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Count what a data set holds: sizes, objects by class and size, overlaps, pixels, anchors.",
    discussion: """
      Of an annotation file of COCO (FILE.json), or of the training, validation and test data of a config as they take \
      part (filter_cfg and indices apply). Objects are small below 32 x 32 pixels and large from 96 x 96 on, by the area \
      that the file says, as COCO's evaluation has it. Of a detector's config also: which of its anchors are nearest to \
      the objects behind the training pipeline, and how many they reach at the RPN's pos_iou_thr; dense analyze anchors \
      says which would fit better. Of label maps: pixels and images of each class, and the share of pixels that are ignored.
      """)

  @Argument(
    help: ArgumentHelp("A config (YAML), or an annotation file (JSON).", valueName: "config"),
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var input: String

  @OptionGroup var replacements: OverrideOptions

  @Option(
    parsing: .unconditional, help: "At most so many images are loaded for anchors, spread over the data set.")
  var images = 500

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  /// What `--json` prints.
  private struct Report: Encodable {
    var sets: [DataStatistics] = []
    var anchors: AnchorReach?
  }

  func validate() throws {
    guard !input.isEmpty else {
      throw ValidationError("an empty name; a config or annotation file is wanted.")
    }
    guard (1...1_000_000).contains(images) else { throw ValidationError("--images must be in 1...1000000.") }
    guard isConfig || replacements.overrides.isEmpty else {
      throw ValidationError("--cfg-options: there is no config whose values could be replaced.")
    }
  }

  private var isConfig: Bool {
    ["yaml", "yml"].contains(Folder.splitExtension(Folder.split(input).name).extension.lowercased())
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      var report = Report()
      let progress = ProgressLine(isQuiet: json)
      if isConfig {
        let experiment = Experiment(
          try ExperimentConfiguration(replacements.load(input, carriedBy: "")), components: .all)
        let data = experiment.components.data
        let uses = experiment.configuration.datasets
        guard !uses.isEmpty else { throw DataError(file: input, "the config names no data sets") }
        for (name, settings) in uses {
          let dataset = try data.datasets.build(
            settings, scope: experiment.scope, in: DataContext(scope: experiment.scope, components: data))
          report.sets.append(
            try DataStatistics(dataset, name: name) { progress.show("\($0) of \($1) label maps read") })
          guard name == "train", let anchors = try experiment.anchors() else { continue }
          let (boxes, count) = try AnchorStudy.boxes(
            of: dataset, limit: images, seed: TrainingRun.defaultSeed
          ) {
            progress.show("\($0) of \($1) images read")
          }
          report.anchors = AnchorReach(
            anchors.settings, boxes: boxes, images: count, positiveIoU: anchors.positiveIoU,
            leastIoU: anchors.leastIoU)
        }
        progress.clear()
      } else {
        report.sets = [try DataStatistics(annotationFile: input)]
      }
      guard !json else { return try Output.json(report) }
      try Output.print(
        (report.sets.map { $0.text() } + [report.anchors?.text()].compactMap { $0 }).joined(separator: "\n\n")
      )
    }
  }
}
