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
  /// What is odd about the classes' names, a line each.
  public let notes: [String]
  /// In which type products are taken.
  public let precision: PrecisionChoice
  private let model: any Model
  private let pipeline: Pipeline

  /// An image that is ready for the model.
  public struct PreparedImage: Sendable {
    /// The image as its file has it, turned as EXIF says, three channels.
    public let image: Image
    let sample: Sample

    /// Its rows and columns.
    public var size: ImageSize { image.size }
    /// Its rows and columns as the model sees it: images that are predicted together have the same.
    public var sizeForModel: ImageSize { sample.size }
  }

  /// Opens config and checkpoint. The pipeline is that of the test data, without the loading of annotations; the
  /// classes are the checkpoint's, else those of the test data's `metainfo`, else the numbers of a classifier's, else
  /// those of COCO where the test data are in its format and the weights are for as many.
  ///
  /// - Parameters:
  ///   - configuration: The whole config; its `test_dataloader` has the pipeline.
  ///   - components: Where its types are looked up.
  ///   - file: The checkpoint.
  ///   - scale: Takes the place of the `scale` of the pipeline's `Resize`; nil: as the config says.
  ///   - half: Whether products are taken in bfloat16, whatever the config's `precision` says.
  /// - Throws: `ConfigurationError` and `CheckpointError`.
  public init(
    configuration: ExperimentConfiguration, components: Components, checkpoint file: String,
    scale: ImageSize? = nil, half: Bool = false
  ) throws {
    let experiment = Experiment(configuration, components: components)
    try experiment.check(for: .prediction)
    let dataset = try experiment.require(configuration.testDataloader, "test_dataloader").dataset
    try PretrainedWeights.refuseAddress(file, at: nil)
    let checkpoint = try PartTimes.measure("checkpoint: read and checked") {
      try TrainingCheckpoint(file: file, isMapped: true)
    }
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
    var metainfo = DatasetMetainfo(classes: classes, palette: outline.palette(for: classes))
    if checkpoint.classes != nil { metainfo.categoryIDs = checkpoint.categoryIDs ?? [] }
    self.metainfo = metainfo
    let model: any Model
    do {
      model = try PartTimes.measure("model: built") { try experiment.model(classes: classes) }
      // It has to fill all weights: nothing is drawn.
      loading = try PartTimes.measure("model: weights laid out") {
        try checkpoint.load(into: model, file: file)
      }
    } catch {
      // Not of COCO's classes then.
      if areUsual { throw unknown }
      throw error
    }
    try PartTimes.measure("model: weights are finite") { try model.requireFiniteWeights(of: file) }
    self.model = model
    var steps = outline.pipeline.filter { $0.type.split(separator: ".").last != "LoadAnnotations" }
    if let scale { steps = try Self.rescaled(steps, to: scale, of: dataset) }
    pipeline = try Pipeline(steps, in: context)
    var notes: [String] = []
    if named == nil {
      notes.append(
        "neither the checkpoint nor \(dataset.node.keyPath).metainfo.classes names the classes: they are "
          + (areUsual ? "taken for those of COCO, in its order" : "called by their numbers, from 0"))
    }
    if let named = checkpoint.classes, let others = outline.classes, named != others {
      notes.append(
        "the classes are the checkpoint's, not those of \(dataset.node.keyPath):" + sideBySide(named, others))
    }
    precision = PrecisionChoice(configuration, half: half)
    model.multiply(in: precision.precision)
    if let note = precision.note { notes.append(note) }
    self.notes = notes
  }

  /// The steps with another scale of `Resize`.
  private static func rescaled(
    _ steps: [ComponentConfiguration], to scale: ImageSize, of dataset: ComponentConfiguration
  ) throws -> [ComponentConfiguration] {
    guard steps.contains(where: { $0.type.split(separator: ".").last == "Resize" }) else {
      throw ConfigurationError(
        location: dataset.node.location, keyPath: "\(dataset.node.keyPath).pipeline",
        message: "has no Resize, whose scale could be \(scale)")
    }
    return try steps.map { step in
      guard step.type.split(separator: ".").last == "Resize" else { return step }
      let sides = [scale.width, scale.height].map {
        ConfigurationNode(.scalar(text: "\($0)", isQuoted: false), at: step.node.location)
      }
      return try ComponentConfiguration(
        step.node.removing(["scale_factor"])
          .setting("scale", to: ConfigurationNode(.sequence(sides), at: step.node.location)))
    }
  }

  /// Reads an image file and does to it what the model needs; it is decoded once.
  ///
  /// - Throws: An error that names the file.
  public func prepare(file path: String) throws -> PreparedImage {
    let (sample, image) = try opened(path)
    return PreparedImage(image: try image ?? Image.decode(file: path), sample: sample)
  }

  /// What the model takes of a file, and the image as the file has it, where the pipeline begins with loading it.
  private func opened(_ path: String) throws -> (Sample, Image?) {
    guard let load = pipeline.transforms.first else { return (Sample(imagePath: path), nil) }
    guard let loaded = try Pipeline([load])(Sample(imagePath: path), seed: 0) else {
      throw Self.nothing(left: path)
    }
    return (try rest(of: loaded), load is LoadImageFromFile ? loaded.image : nil)
  }

  /// Does to an image what the model needs.
  ///
  /// - Parameters:
  ///   - image: Blue, green, red.
  ///   - name: For messages, such as that of a film.
  /// - Throws: `DataError` where the pipeline does not begin with loading a file.
  public func prepare(_ image: Image, named name: String) throws -> PreparedImage {
    guard pipeline.transforms.first is LoadImageFromFile else {
      throw DataError(
        file: name,
        "only files can be predicted: the pipeline of the test data does not begin with LoadImageFromFile")
    }
    var sample = Sample(imagePath: name, size: image.size)
    sample.image = image
    return PreparedImage(image: image, sample: try rest(of: sample))
  }

  private static func nothing(left path: String) -> DataError {
    DataError(file: path, "the pipeline has nothing left of the image")
  }

  /// All steps but the one that loads the image.
  private var stepsBehindLoading: Pipeline { Pipeline(Array(pipeline.transforms.dropFirst())) }

  private func rest(of sample: Sample) throws -> Sample {
    guard let prepared = try stepsBehindLoading(sample, seed: 0) else {
      throw Self.nothing(left: sample.imagePath)
    }
    return prepared
  }

  /// The predictions for images, in pixels of each; those of one `sizeForModel` are as if each were alone.
  ///
  /// - Throws: An error of the model's.
  public func predict(_ images: [PreparedImage]) throws -> [Prediction] {
    let predictions = try model.evaluated(images.map(\.sample))
    guard predictions.count == images.count else {
      throw DataError(
        file: images.first?.sample.imagePath,
        "the model gave \(predictions.count) predictions for \(images.count) images")
    }
    return predictions
  }

  /// The prediction for an image file, in pixels of the file, and the file's size.
  ///
  /// - Throws: An error that names the file.
  public func predict(_ path: String) throws -> (prediction: Prediction, size: ImageSize) {
    let (sample, _) = try opened(path)
    guard let prediction = try model.evaluated([sample]).first else {
      throw DataError(file: path, "the model predicted nothing")
    }
    return (prediction, sample.originalSize)
  }

  /// The prediction for an image, in its pixels.
  ///
  /// - Parameters:
  ///   - image: Blue, green, red.
  ///   - name: For messages.
  /// - Throws: `DataError` where the pipeline does not begin with loading a file, or an error of the model's.
  public func predict(_ image: Image, named name: String = "an image in memory") throws -> Prediction {
    try predict(prepare(image, named: name))
  }

  /// The prediction for an image that is ready, in its own pixels.
  public func predict(_ image: PreparedImage) throws -> Prediction {
    guard let prediction = try predict([image]).first else {
      throw DataError(file: image.sample.imagePath, "the model predicted nothing")
    }
    return prediction
  }

  /// The objects of a large image file, found tile by tile: memory is that of the image and of one tile. A tile has
  /// `side` rows and columns; neighbours have at least the share `overlap` of a side in common, 0 or more and below 1.
  ///
  /// - Throws: An error that names the file; `DataError` for a model that is no detector.
  public func predict(
    _ path: String, tile side: Int, overlap: Double
  ) throws -> (prediction: Prediction, size: ImageSize) {
    guard let load = pipeline.transforms.first else {
      throw DataError(file: path, "the pipeline of the test data is empty")
    }
    guard let whole = try Pipeline([load])(Sample(imagePath: path), seed: 0), let image = whole.image else {
      throw DataError(file: path, "the first step of the test data's pipeline has to load the image")
    }
    return (try predict(image, named: path, tile: side, overlap: overlap), whole.originalSize)
  }

  /// The objects of a large image, found tile by tile.
  ///
  /// - Parameters:
  ///   - image: Blue, green, red.
  ///   - name: Of its file, for messages.
  ///   - side: Rows and columns of a tile.
  ///   - overlap: The share of a side that neighbours have in common at least, 0 or more and below 1.
  /// - Throws: An error that names the file; `DataError` for a model that is no detector.
  public func predict(
    _ image: Image, named name: String, tile side: Int, overlap: Double
  ) throws -> Prediction {
    let steps = stepsBehindLoading
    let tiles = Tiles(image.size, side: side, overlap: overlap)
    let found = try tiles.tiles.map { tile -> InstancePrediction in
      var part = Sample(imagePath: name, size: tile.size)
      part.image = image.cropped(
        top: tile.top, left: tile.left, height: tile.size.height, width: tile.size.width)
      guard let sample = try steps(part, seed: 0) else {
        throw DataError(file: name, "the pipeline has nothing left of a tile")
      }
      guard let instances = try model.evaluated([sample]).first?.instances else {
        throw DataError(file: name, "tiles are joined of a detector's objects, and the model finds none")
      }
      return instances
    }
    return Prediction(instances: try tiles.joined(found))
  }
}
