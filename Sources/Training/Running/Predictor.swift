import Checkpoints
import Configuration
import Data
import Imaging
import Layers
import Modeling

/// A checkpoint that predicts image files, without annotations: what `dense predict` does.
public struct Predictor {
  /// Names and colours of the classes.
  public let metainfo: DatasetMetainfo
  /// What was loaded: «212 of 212 tensors loaded».
  public let loading: LoadingSummary
  /// What of the config has no effect, a line each.
  public let notes: [String]
  private let model: any Model
  private let pipeline: Pipeline

  /// Opens config and checkpoint. The pipeline is that of the test data, without the loading of annotations; the
  /// classes are the checkpoint's, else those of the test data's `metainfo`, else the numbers of a classifier's, else
  /// those of COCO where the test data are in its format and the weights are for as many.
  ///
  /// - Throws: `ConfigurationError` and `CheckpointError`.
  public init(configuration: ExperimentConfiguration, components: Components, checkpoint file: String) throws
  {
    let experiment = Experiment(configuration, components: components)
    try experiment.check(for: .prediction)
    let dataset = try experiment.require(configuration.testDataloader, "test_dataloader").dataset
    try PretrainedWeights.refuseAddress(file, at: nil)
    let checkpoint = try TrainingCheckpoint(file: file)
    let context = DataContext(scope: experiment.scope, components: components.data)
    let outline = try context.outline(of: dataset)
    // A published classifier is of more classes than anybody writes into a config.
    let count = configuration.model?.node.node(at: "head.num_classes")?.int
    let numbers = count.flatMap { (1...100_000).contains($0) ? (0..<$0).map(String.init) : nil }
    let unknown = ConfigurationError(
      location: dataset.node.location, keyPath: "\(dataset.node.keyPath).metainfo.classes",
      message: "is missing, and the checkpoint does not name its classes either")
    let named = checkpoint.classes ?? outline.classes
    guard let classes = named ?? numbers ?? outline.usualClasses else { throw unknown }
    let areUsual = named == nil && numbers == nil
    metainfo = DatasetMetainfo(classes: classes, palette: outline.palette(for: classes))
    do {
      model = try experiment.model(classes: classes)
      model.initialize(seed: TrainingRun.defaultSeed)
      loading = try checkpoint.load(into: model, file: file)
    } catch {
      // Not of COCO's classes then.
      if areUsual { throw unknown }
      throw error
    }
    try model.requireFiniteWeights(of: file)
    let steps = outline.pipeline.filter { $0.type.split(separator: ".").last != "LoadAnnotations" }
    pipeline = try Pipeline(steps, in: context)
    var notes = configuration.unusedNotes
    if named == nil {
      notes.append(
        "neither the checkpoint nor \(dataset.node.keyPath).metainfo.classes names the classes: they are "
          + (areUsual ? "taken for those of COCO, in its order" : "called by their numbers, from 0"))
    }
    if let named = checkpoint.classes, let others = outline.classes, named != others {
      notes.append(
        "the classes are the checkpoint's, not those of \(dataset.node.keyPath):" + sideBySide(named, others))
    }
    self.notes = notes
  }

  /// The prediction for an image file, in pixels of the file, and the file's size.
  ///
  /// - Throws: An error that names the file.
  public func predict(_ path: String) throws -> (prediction: Prediction, size: ImageSize) {
    guard let sample = try pipeline(Sample(imagePath: path), seed: 0) else {
      throw DataError(file: path, "the pipeline has nothing left of the image")
    }
    let predictions = try model.evaluated([sample])
    guard let prediction = predictions.first else {
      throw DataError(file: path, "the model predicted nothing")
    }
    return (prediction, sample.originalSize)
  }
}
