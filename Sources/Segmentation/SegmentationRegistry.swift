import Modeling
import Configuration
import Data

/// What a head is built with.
struct DecodeHeadContext: Sendable {
  var model: ModelContext
  /// Tells the heads of a model apart in the key of dropout's random numbers.
  var layer: Int
}

/// The heads of segmentors: a new one is a file in this room and a line here.
struct SegmentationHeads: Sendable {
  var heads = Registry<any DecodeHead, DecodeHeadContext>(
    kind: "decode head", keys: ["decode_head", "auxiliary_head"])

  static let standard = SegmentationHeads()

  private init() {
    heads.add("UPerHead", description: "Pyramid of poolings and feature pyramid") {
      (c: UPerHead.Configuration, context: DecodeHeadContext) in
      UPerHead(c, classes: try context.model.classCount(c.settings.classes), layer: context.layer)
    }
    heads.add("FCNHead", description: "Convolutions on one map") {
      (c: FCNHead.Configuration, context: DecodeHeadContext) in
      FCNHead(c, classes: try context.model.classCount(c.settings.classes), layer: context.layer)
    }
  }
}

extension Components {
  /// Registers segmentors, their data set and their metric.
  public mutating func addSegmentation() {
    parts["EncoderDecoder"] = [SegmentationHeads.standard.heads]
    models.add(
      "EncoderDecoder", defaultScope: "mmseg", description: "Backbone, decode head and auxiliary heads"
    ) { (c: EncoderDecoder.Configuration, context: ModelContext) in try EncoderDecoder(c, in: context) }
    metrics.add("IoUMetric", description: "mIoU, accuracy, Dice and F score of label maps") {
      (c: IoUMetric.Configuration, context: MetricContext) in
      IoUMetric(c, classes: context.dataset.metainfo.classes)
    }
    data.datasets.add("BaseSegDataset", description: "Images and label maps of the same names") {
      (c: BaseSegDataset.Configuration, context: DataContext) in try BaseSegDataset(c, in: context)
    }
    data.datasets.add("ADE20KDataset", description: "ADE20K's 150 classes; 0 is unlabelled") {
      (c: ADE20KDataset.Configuration, context: DataContext) in try ADE20KDataset(c, in: context)
    }
    data.inventories.add("BaseSegDataset") {
      (c: BaseSegDataset.Configuration, _: DataContext) in try DatasetInventory(c)
    }
    data.inventories.add("ADE20KDataset") {
      (c: ADE20KDataset.Configuration, _: DataContext) in try DatasetInventory(c.base)
    }
  }
}
