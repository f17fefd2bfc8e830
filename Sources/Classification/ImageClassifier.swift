import Configuration
import Data
import Layers
import Modeling
import Tensors

/// Backbone, pooling and a head (mmpretrain's `ImageClassifier`), with weights under the names of the backbone's release.
public struct ImageClassifier: ScoringModel {
  /// mmpretrain's keys.
  public struct Configuration: Decodable, Sendable {
    var preprocessor: ClsDataPreprocessor?
    var backbone: ComponentConfiguration
    var neck: ComponentConfiguration?
    var head: ComponentConfiguration
    var training: BatchAugmentSettings?

    enum CodingKeys: String, CodingKey {
      case backbone, neck, head, pretrained
      case preprocessor = "data_preprocessor"
      case training = "train_cfg"
    }

    /// Decodes mmpretrain's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      preprocessor = try keys.decodeIfPresent(ClsDataPreprocessor.self, forKey: .preprocessor)
      backbone = try keys.decode(ComponentConfiguration.self, forKey: .backbone)
      neck = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .neck)
      head = try keys.decode(ComponentConfiguration.self, forKey: .head)
      training = try keys.decodeIfPresent(BatchAugmentSettings.self, forKey: .training)
      // A checkpoint of the whole classifier; who builds the model reads it.
      _ = try keys.decodeIfPresent(String.self, forKey: .pretrained)
    }
  }

  let preprocessor: ClsDataPreprocessor
  /// From images to maps.
  public let backbone: any Backbone
  let pooling: any FeaturePooling
  let head: any ClassificationHead
  private let augment: RandomBatchAugment?

  /// A classifier whose parts fit together.
  ///
  /// - Throws: `ConfigurationError` where a part is unknown, the head's width is not that of the backbone's last map, or
  ///   an accuracy is to be logged of images that are mixed.
  public init(_ configuration: Configuration, in context: ModelContext) throws {
    let (components, scope) = (context.components, context.scope)
    preprocessor = configuration.preprocessor ?? ClsDataPreprocessor()
    backbone = try components.backbones.build(configuration.backbone, scope: scope, in: context).inClassifier
    pooling =
      try configuration.neck.map {
        try components.classification.poolings.build($0, scope: scope, in: context)
      }
      ?? GlobalAveragePooling()
    head = try components.classification.heads.build(configuration.head, scope: scope, in: context)
    let width = backbone.outputs.last?.channels ?? 0
    guard head.inputChannels == width else {
      let node = configuration.head.node
      throw ConfigurationError(
        location: (node["in_channels"] ?? node).location, keyPath: "\(node.keyPath).in_channels",
        message: "\(head.inputChannels), but the backbone's last map has \(width) channels")
    }
    // As in mmpretrain the preprocessor's come first.
    augment = try RandomBatchAugment(preprocessor.augmentation ?? configuration.training, in: context)
    if augment != nil, !head.loggedPlaces.isEmpty {
      let node = configuration.head.node
      throw ConfigurationError(
        location: (node["cal_acc"] ?? node).location, keyPath: "\(node.keyPath).cal_acc",
        message: "an image that is mixed with another is of no one class, and has no accuracy",
        hint: "Set cal_acc: false, or leave the batch augments out.")
    }
  }

  /// Weights under the names of the backbone's release.
  public var tree: ParameterTree { backbone.classifierTree(head: head.tree) }

  /// The class of each image.
  public var requirements: AnnotationRequirements { AnnotationRequirements(.classLabel) }

  /// Where the release's names have no `backbone`, its weights stand among those of the whole classifier; the others are
  /// none of its own.
  public func weights(ofPart part: String) -> PartWeights {
    guard part == "backbone", tree.tree(at: part) == nil else { return PartWeights(path: part) }
    let own = Set(backbone.tree.leaves.map(\.name))
    return PartWeights(path: "", others: tree.leaves.map(\.name).filter { !own.contains($0) })
  }

  /// Says that one class is nothing to learn.
  public func warnings(about samples: [Sample]) -> [String] {
    guard head.classes == 1 else { return [] }
    return ["the model has one class, which every image is of: there is nothing to learn"]
  }

  /// `loss`, and `accuracy_top-1` where the head logs it. In training the batch is mixed first, by the random numbers of
  /// the step.
  ///
  /// - Throws: `DataError` for a sample without a class of the model's.
  public func losses(_ samples: [Sample]) throws -> Losses {
    let labels = try samples.map { sample -> Int32 in
      guard let label = sample.classLabel else {
        throw DataError(
          file: sample.imagePath,
          "has no class, and the model learns from it: a data set of classes is wanted, such as ImageNet or CustomDataset"
        )
      }
      guard (0..<head.classes).contains(label) else {
        throw DataError(
          file: sample.imagePath,
          "is of class \(label): the model has the classes 0 ... \(head.classes - 1)")
      }
      return Int32(label)
    }
    return losses(try preprocessor(samples), labels: labels)
  }

  /// The losses of a batch that is preprocessed already, `[B, H, W, 3]`, with a class an image.
  package func losses(_ images: Tensor, labels: [Int32]) -> Losses {
    if let augment, let step = ForwardMode.current.training,
      let mixed = augment(ClassifiedBatch(images: images, labels: labels, classes: head.classes), in: step)
    {
      return Losses([.loss("loss", head.loss(logits(mixed.images), targets: mixed.targets))])
    }
    let logits = logits(images)
    var terms = [LossTerm.loss("loss", head.loss(logits, labels: labels))]
    if !head.loggedPlaces.isEmpty {
      let scores = logits.detached.values
      terms += head.loggedPlaces.map { count in
        .figure(
          "accuracy_top-\(count)",
          Float(
            ClassRanking.accuracy(
              scores: scores, labels: labels.map(Int.init), classes: head.classes, within: count)))
      }
    }
    return Losses(terms)
  }

  /// Logits, one vector an image.
  public func scores(_ samples: [Sample]) throws -> [[Float]] {
    let logits = logits(try preprocessor(samples))
    return samples.indices.map { logits.sliced(axis: 0, from: $0, to: $0 + 1).values }
  }

  /// The probability of each class.
  public func decide(_ scores: [Float], for sample: Sample) -> Prediction {
    Prediction(classScores: Tensor(scores, shape: [scores.count]).softmax(axis: 0).values)
  }

  /// Logits `[B, classes]` of a batch that is preprocessed already, `[B, H, W, 3]`.
  package func logits(_ images: Tensor) -> Tensor {
    guard let map = backbone(images).last else { return Tensor.zeros([images.shape[0], head.classes]) }
    return head(pooling(map))
  }
}
