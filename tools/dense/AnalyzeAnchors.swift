import Analysis
import ArgumentParser
import Configuration
import Detection
import Modeling
import Tensors
import Training

/// `dense analyze anchors CONFIG`
struct AnalyzeAnchors: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anchors",
    abstract: "How well a detector's anchors fit the boxes of its training data, and which would fit better.",
    discussion: """
      Boxes are taken behind the training pipeline, and compared with anchors by size: the IoU with one centre. Fitted \
      are as many scales and ratios as the config has, for the same strides; k-means gives free shapes, which no \
      generator has, to show how much better any could be. Nothing is written.
      """)

  @OptionGroup var config: ConfigOptions

  @Option(parsing: .unconditional, help: "At most so many images, spread over the data set.")
  var images = 500

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard (1...1_000_000).contains(images) else { throw ValidationError("--images must be in 1...1000000.") }
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let experiment = Experiment(try config.experiment(), components: .all)
      try experiment.check(for: .training)
      guard let anchors = try experiment.anchors() else {
        throw ConfigurationError(
          location: experiment.configuration.model?.node.location, keyPath: "model.rpn_head.anchor_generator",
          message: "is missing: anchors are a detector's")
      }
      let dataset = try experiment.trainLoader(seed: TrainingRun.defaultSeed).dataset
      let progress = ProgressLine(isQuiet: json)
      let (sides, count) = try AnchorStudy.boxes(of: dataset, limit: images, seed: TrainingRun.defaultSeed) {
        progress.show("\($0) of \($1) images read")
      }
      progress.clear()
      let study = AnchorStudy(anchors.settings, boxes: sides, images: count)
      if json { try Output.json(study) } else { try Output.print(study.text()) }
    }
  }
}

extension Experiment {
  /// The anchors of the config's region proposal network, and the IoUs from which on one learns an object, and from which
  /// on an object's best does; nil where there is none.
  ///
  /// - Throws: `ConfigurationError`.
  func anchors() throws -> (settings: AnchorStudy.Settings, positiveIoU: Double, leastIoU: Double)? {
    guard let model = configuration.model?.node, let node = model.node(at: "rpn_head.anchor_generator") else {
      return nil
    }
    let generator = try node.decode(AnchorGenerator.self)
    let assigner = try model.node(at: "train_cfg.rpn.assigner")?.decode(MaxIoUAssigner.self)
    // As texts, so that 0.7 stays 0.7.
    func exact(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
    return (
      AnchorStudy.Settings(
        scales: generator.scales.map { Double($0) }, ratios: generator.ratios.map { Double($0) },
        strides: generator.strides), exact(assigner?.positiveThreshold ?? 0.7),
      exact(assigner?.lowQualityThreshold ?? 0.3)
    )
  }
}
