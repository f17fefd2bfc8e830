import Configuration
import Data
import Layers
import Modeling
import Tensors

/// Backbone, pooling and a head (mmpretrain's `ImageClassifier`), with weights under the names of the backbone's release.
public struct ImageClassifier: ScoringModel {
  /// mmpretrain's keys.
  public struct Configuration: Decodable, Sendable {
    var preprocessor: ComponentConfiguration?
    var backbone: ComponentConfiguration
    var neck: ComponentConfiguration?
    var head: ComponentConfiguration

    enum CodingKeys: String, CodingKey {
      case backbone, neck, head
      case preprocessor = "data_preprocessor"
    }
  }

  private let preprocessor: ClsDataPreprocessor
  let backbone: any Backbone
  let pooling: any FeaturePooling
  let head: any ClassificationHead

  /// A classifier whose parts fit together.
  ///
  /// - Throws: `ConfigurationError` where a part is unknown, or the head's width is not that of the backbone's last map.
  public init(_ configuration: Configuration, in context: ModelContext) throws {
    let (components, scope) = (context.components, context.scope)
    preprocessor =
      try configuration.preprocessor?.node.decode(ClsDataPreprocessor.self) ?? ClsDataPreprocessor()
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
  }

  /// Weights under the names of the backbone's release.
  public var tree: ParameterTree { backbone.classifierTree(head: head.tree) }

  /// The class of each image.
  public var requirements: AnnotationRequirements { AnnotationRequirements(.classLabel) }

  /// `loss`, and `accuracy_top-1` where the head logs it.
  ///
  /// - Throws: `DataError` for a sample without a class.
  public func losses(_ samples: [Sample]) throws -> Losses {
    let labels = try samples.map { sample -> Int32 in
      guard let label = sample.classLabel, (0..<head.classes).contains(label) else {
        throw DataError(file: sample.imagePath, "has no class, and the model learns from it")
      }
      return Int32(label)
    }
    let logits = logits(try preprocessor(samples))
    return Losses([.loss("loss", head.loss(logits, labels: labels))])
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
