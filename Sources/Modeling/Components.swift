import Configuration
import Data
import Layers

/// The names a config may use, by kind. Value type: a program adds its own before it opens a config.
public struct Components: Sendable {
  /// Steps of pipelines, data sets, orders of data.
  public var data = DataComponents()
  /// Whole models.
  public var models = Registry<any Model, ModelContext>(kind: "model")
  /// Backbones.
  public var backbones = Registry<any Backbone, ModelContext>(kind: "backbone")
  /// From a backbone's maps to a pyramid.
  public var necks = Registry<any Neck, ModelContext>(kind: "neck")
  /// First stages of detectors.
  public var rpnHeads = Registry<any ProposalHead, ModelContext>(kind: "rpn_head")
  /// Second stages of detectors.
  public var roiHeads = Registry<any RoIHead, ModelContext>(kind: "roi_head")
  /// From regions to classes and boxes.
  public var boxHeads = Registry<any BoxHead, ModelContext>(kind: "bbox_head")
  /// From regions to masks.
  public var maskHeads = Registry<any MaskHead, ModelContext>(kind: "mask_head")
  /// Cut regions out of a pyramid.
  public var roiExtractors = Registry<any RoIExtractor, ModelContext>(
    kind: "roi_extractor", keys: ["bbox_roi_extractor", "mask_roi_extractor"])
  /// From a backbone's maps to a score a class and pixel.
  public var decodeHeads = Registry<any DecodeHead, DecodeHeadContext>(
    kind: "decode head", keys: ["decode_head", "auxiliary_head"])
  /// Losses of classes: of objects, pixels and whole images.
  public var classificationLosses = Registry<any ClassificationLoss, ClassificationLossContext>(
    kind: "loss", keys: ["loss_decode", "loss_cls", "loss_mask"])
  /// Losses of boxes.
  public var boxLosses = Registry<any BoxLoss, ModelContext>(kind: "box loss", keys: ["loss_bbox"])
  /// Figures of merit.
  public var metrics = Registry<any Metric, MetricContext>(
    kind: "metric", keys: ["val_evaluator", "test_evaluator"])
  /// From predictions for variants of an image to one.
  public var ttaModels = Registry<any TestTimeAugmentation, ModelContext>(
    kind: "test-time augmentation", keys: ["tta_model"])
  /// What is known of older releases' names of weights, for who reads a checkpoint without a model.
  public var weightNamings: [any WeightNaming] = []
  /// Registries that rooms above this one and programs add, in that order.
  private var groups: [(id: ObjectIdentifier, group: any ComponentGroup)] = []

  /// The data's own names, and losses of classes. The rooms of models add theirs.
  public init() { addClassificationLosses() }

  /// The registries of a room above this one, or of a program: what that has by itself, unless more was added.
  public subscript<Group: ComponentGroup>(_: Group.Type) -> Group {
    get { groups.first { $0.id == ObjectIdentifier(Group.self) }?.group as? Group ?? Group() }
    set {
      groups.removeAll { $0.id == ObjectIdentifier(Group.self) }
      groups.append((ObjectIdentifier(Group.self), newValue))
    }
  }

  /// All registries, one a kind; of groups, those that something was added to.
  public var catalogues: [any ComponentCatalogue] {
    data.catalogues + [
      models, backbones, necks, rpnHeads, roiHeads, boxHeads, maskHeads, roiExtractors, decodeHeads,
      classificationLosses, boxLosses, metrics, ttaModels,
    ] + groups.flatMap(\.group.catalogues)
  }
}

/// Registries that a room above this one, or a program, adds to `Components`.
public protocol ComponentGroup: Sendable {
  /// What the room has.
  init()
  /// All registries, one a kind.
  var catalogues: [any ComponentCatalogue] { get }
}

/// What models and their parts are built with.
public struct ModelContext: ScopedContext, Sendable {
  /// `default_scope`.
  public var scope: String?
  /// The data set's classes, if there is a data set.
  public var classes: [String]?
  /// How many classes a model has whose config does not say, where there is no data set: what its kind usually has.
  public var usualClassCount: Int?
  /// What the numbers in the data set's label maps stand for, if it has any.
  public var labels: LabelMeaning?
  /// The names a config may use.
  public var components: Components

  /// A scope, classes, the meaning of label maps' numbers, and names.
  public init(
    scope: String? = nil, classes: [String]? = nil, usualClassCount: Int? = nil, labels: LabelMeaning? = nil,
    components: Components
  ) {
    self.scope = scope
    self.classes = classes
    self.usualClassCount = usualClassCount
    self.labels = labels
    self.components = components
  }
}

/// What metrics are built with.
public struct MetricContext: Sendable {
  /// `default_scope`.
  public var scope: String?
  /// The data set that is evaluated.
  public var dataset: any Dataset

  /// A scope and the data set that is evaluated.
  public init(scope: String? = nil, dataset: any Dataset) {
    self.scope = scope
    self.dataset = dataset
  }
}
