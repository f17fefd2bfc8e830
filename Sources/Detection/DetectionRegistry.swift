import Coco
import Modeling
import Configuration
import Data

/// The parts of detectors: a new one is a file in this room and a line here.
struct DetectionHeads: Sendable {
  var necks = Registry<any Neck, ModelContext>(kind: "neck")
  var rpnHeads = Registry<RPNHead, ModelContext>(kind: "rpn_head")
  var roiHeads = Registry<StandardRoIHead, ModelContext>(kind: "roi_head")
  var boxHeads = Registry<Shared2FCBBoxHead, ModelContext>(kind: "bbox_head")
  var maskHeads = Registry<FCNMaskHead, ModelContext>(kind: "mask_head")
  var extractors = Registry<SingleRoIExtractor, ModelContext>(
    kind: "roi_extractor", keys: ["bbox_roi_extractor", "mask_roi_extractor"])

  static let standard = DetectionHeads()

  private init() {
    necks.add("FPN", description: "Feature pyramid network") { (c: FPN.Configuration, _: ModelContext) in
      FPN(c)
    }
    rpnHeads.add("RPNHead", description: "Region proposal network") {
      (c: RPNHead.Configuration, _: ModelContext) in
      RPNHead(c)
    }
    boxHeads.add("Shared2FCBBoxHead", description: "Two linear layers, class scores and box deltas") {
      (c: Shared2FCBBoxHead.Configuration, context: ModelContext) in
      Shared2FCBBoxHead(c, classes: try context.classCount(c.classes))
    }
    maskHeads.add("FCNMaskHead", description: "Convolutions, a deconvolution and a mask a class") {
      (c: FCNMaskHead.Configuration, context: ModelContext) in
      FCNMaskHead(c, classes: try context.classCount(c.classes))
    }
    extractors.add("SingleRoIExtractor", description: "RoIAlign on the level that fits a region's size") {
      (c: SingleRoIExtractor.Configuration, _: ModelContext) in SingleRoIExtractor(c)
    }
    roiHeads.add("StandardRoIHead", description: "Box head and mask head") {
      [boxHeads, maskHeads, extractors] (c: StandardRoIHead.Configuration, context: ModelContext) in
      StandardRoIHead(
        boxExtractor: try extractors.build(c.boxExtractor, scope: context.scope, in: context),
        boxHead: try boxHeads.build(c.boxHead, scope: context.scope, in: context),
        maskExtractor: try extractors.build(c.maskExtractor, scope: context.scope, in: context),
        maskHead: try maskHeads.build(c.maskHead, scope: context.scope, in: context))
    }
  }
}

extension Components {
  /// Registers detectors, their data set and their metric.
  public mutating func addDetection() {
    let heads = DetectionHeads.standard
    parts["MaskRCNN"] = [
      heads.necks, heads.rpnHeads, heads.roiHeads, heads.boxHeads, heads.maskHeads, heads.extractors,
    ]
    models.add(
      "MaskRCNN", defaultScope: "mmdet", description: "Two stages: proposals, then boxes and masks"
    ) { (c: MaskRCNN.Configuration, context: ModelContext) in try MaskRCNN(c, in: context) }
    metrics.add("CocoMetric", description: "COCO's average precision and recall") {
      (c: CocoMetric.Configuration, context: MetricContext) in try CocoMetric(c, dataset: context.dataset)
    }
    data.datasets.add("CocoDataset", description: "Images with a COCO annotation file") {
      (c: CocoDataset.Configuration, context: DataContext) in try CocoDataset(c, in: context)
    }
    data.inventories.add(
      "CocoDataset", description: "The images and annotations of a COCO file, and what is wrong"
    ) {
      (c: CocoDataset.Configuration, _: DataContext) in try DatasetInventory(c)
    }
  }
}
