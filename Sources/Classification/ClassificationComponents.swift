import Configuration
import Modeling

extension Components {
  /// What classifiers are made of. A program adds its own: `components.classification.heads.add("MyHead") { … }`.
  public var classification: ClassificationComponents {
    get { self[ClassificationComponents.self] }
    set { self[ClassificationComponents.self] = newValue }
  }

  /// Registers classifiers and their parts.
  public mutating func addClassification() {
    classification = ClassificationComponents()
    addClassificationData()
    models.add(
      "ImageClassifier", defaultScope: "mmpretrain", description: "Backbone, pooling and a linear layer"
    ) { (c: ImageClassifier.Configuration, context: ModelContext) in try ImageClassifier(c, in: context) }
    metrics.add("Accuracy", description: "How often the right class is among the best scores") {
      (c: Accuracy.Configuration, context: MetricContext) in try Accuracy(c, dataset: context.dataset)
    }
  }
}

/// The names a config may use for parts of classifiers: a part of `Components`.
public struct ClassificationComponents: ComponentGroup {
  /// From a map to a vector an image.
  public var poolings = Registry<any FeaturePooling, ModelContext>(kind: "pooling", keys: ["neck"])
  /// From a vector to a score a class.
  public var heads = Registry<any ClassificationHead, ModelContext>(kind: "head", keys: ["head"])

  /// What mixes the images of a training batch.
  public var batchAugments = Registry<any BatchAugment, ModelContext>(
    kind: "batch augment", keys: ["augments"])

  /// All registries, one a kind.
  public var catalogues: [any ComponentCatalogue] { [poolings, heads, batchAugments] }

  /// What this room has: a new part is a file in this room and a line here.
  public init() {
    poolings.add("GlobalAveragePooling", description: "The mean over all positions") {
      (c: GlobalAveragePooling, _: ModelContext) in c
    }
    heads.add("LinearClsHead", description: "A linear layer to the classes") {
      (c: LinearClsHead.Configuration, context: ModelContext) in
      try LinearClsHead(c, classes: try context.classCount(c.classes), in: context)
    }
    batchAugments.add("Mixup", description: "Two images blended") { (c: Mixup, _: ModelContext) in c }
    batchAugments.add("CutMix", description: "A rectangle of one image in another") {
      (c: CutMix, _: ModelContext) in c
    }
  }
}
