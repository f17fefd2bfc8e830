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
    addConvertedDatasets()
  }

  /// Data sets of other formats: a new one is a `ConvertedDataset` in this room and two lines here.
  private mutating func addConvertedDatasets() {
    data.datasets.add("XMLDataset", description: "Images with an XML file each, as Pascal VOC has them") {
      (c: XMLDataset.Configuration, context: DataContext) in try c.dataset(called: c.name, in: context)
    }
    data.inventories.add("XMLDataset") { (c: XMLDataset.Configuration, _: DataContext) in
      try c.inventory(called: c.name)
    }
    data.datasets.add("VOCDataset", description: "The same, with Pascal VOC's 20 classes") {
      (c: XMLDataset.Configuration, context: DataContext) in
      try c.withUsualClasses.dataset(called: c.name, in: context)
    }
    data.inventories.add("VOCDataset") { (c: XMLDataset.Configuration, _: DataContext) in
      try c.withUsualClasses.inventory(called: c.name)
    }
    data.datasets.add("YOLODataset", description: "Images with YOLO's text files, and a data.yaml") {
      (c: YOLODataset.Configuration, context: DataContext) in try c.dataset(called: c.name, in: context)
    }
    data.inventories.add("YOLODataset") { (c: YOLODataset.Configuration, _: DataContext) in
      try c.inventory(called: c.name)
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
