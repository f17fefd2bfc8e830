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
  }
}

/// The names a config may use for parts of classifiers: a part of `Components`.
public struct ClassificationComponents: ComponentGroup {
  /// From a map to a vector an image.
  public var poolings = Registry<any FeaturePooling, ModelContext>(kind: "pooling", keys: ["neck"])
  /// From a vector to a score a class.
  public var heads = Registry<any ClassificationHead, ModelContext>(kind: "head", keys: ["head"])

  /// All registries, one a kind.
  public var catalogues: [any ComponentCatalogue] { [poolings, heads] }

  /// What this room has: a new part is a file in this room and a line here.
  public init() {
    poolings.add("GlobalAveragePooling", description: "The mean over all positions") {
      (c: GlobalAveragePooling, _: ModelContext) in c
    }
    heads.add("LinearClsHead", description: "A linear layer to the classes") {
      (c: LinearClsHead.Configuration, context: ModelContext) in
      try LinearClsHead(c, classes: try context.classCount(c.classes), in: context)
    }
  }
}
