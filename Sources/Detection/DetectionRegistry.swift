import Coco
import Configuration
import Data
import Modeling

extension Components {
  /// Registers detectors, their parts, their data set and their metric.
  public mutating func addDetection() {
    addBoxLosses()
    addDetectorParts()
    models.add(
      "MaskRCNN", defaultScope: "mmdet", description: "Two stages: proposals, then boxes and masks"
    ) { (c: TwoStageDetector.Configuration, context: ModelContext) in
      try TwoStageDetector(c, learnsMasks: true, in: context)
    }
    models.add("FasterRCNN", defaultScope: "mmdet", description: "Two stages: proposals, then boxes") {
      (c: TwoStageDetector.Configuration, context: ModelContext) in
      try TwoStageDetector(c, learnsMasks: false, in: context)
    }
    weightNamings.append(TorchvisionDetectorNaming())
    weightNamings.append(Detectron2Naming())
    metrics.add("CocoMetric", description: "COCO's average precision and recall") {
      (c: CocoMetric.Configuration, context: MetricContext) in try CocoMetric(c, dataset: context.dataset)
    }
    metrics.add("VOCMetric", description: "Pascal VOC's mean average precision of boxes") {
      (c: VOCMetric.Configuration, context: MetricContext) in try VOCMetric(c, dataset: context.dataset)
    }
    ttaModels.add("DetTTAModel", description: "Merges the objects of variants of an image") {
      (c: DetTTAModel.Configuration, _: ModelContext) in DetTTAModel(c)
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

  /// The parts of detectors: a new one is a file in this room and a line here.
  private mutating func addDetectorParts() {
    necks.add("FPN", description: "Feature pyramid network") { (c: FPN.Configuration, _: ModelContext) in
      FPN(c)
    }
    rpnHeads.add("RPNHead", description: "Region proposal network") {
      (c: RPNHead.Configuration, context: ModelContext) in try RPNHead(c, in: context)
    }
    for trunk in ConvFCBBoxHead.Trunk.all {
      boxHeads.add(trunk.name, description: trunk.description) {
        (c: ConvFCBBoxHead.Configuration, context: ModelContext) in
        try ConvFCBBoxHead(c, trunk, classes: try context.classCount(c.classes), in: context)
      }
    }
    maskHeads.add("FCNMaskHead", description: "Convolutions, a deconvolution and a mask a class") {
      (c: FCNMaskHead.Configuration, context: ModelContext) in
      try FCNMaskHead(c, classes: try context.classCount(c.classes), in: context)
    }
    roiExtractors.add("SingleRoIExtractor", description: "RoIAlign on the level that fits a region's size") {
      (c: SingleRoIExtractor.Configuration, _: ModelContext) in SingleRoIExtractor(c)
    }
    roiHeads.add("StandardRoIHead", description: "Box head, and a mask head if there is one") {
      (c: StandardRoIHead.Configuration, context: ModelContext) in try StandardRoIHead(c, in: context)
    }
  }
}
