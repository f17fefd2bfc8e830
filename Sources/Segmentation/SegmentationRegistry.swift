import Configuration
import Data
import Modeling

extension Components {
  /// Registers segmentors, their data set and their metric.
  public mutating func addSegmentation() {
    decodeHeads.add("UPerHead", description: "Pyramid of poolings and feature pyramid") {
      (c: UPerHead.Configuration, context: DecodeHeadContext) in
      UPerHead(c, classes: try context.channels(c.settings), layer: context.layer)
    }
    decodeHeads.add("FCNHead", description: "Convolutions on one map") {
      (c: FCNHead.Configuration, context: DecodeHeadContext) in
      FCNHead(c, classes: try context.channels(c.settings), layer: context.layer)
    }
    models.add(
      "EncoderDecoder", defaultScope: "mmseg", description: "Backbone, decode head and auxiliary heads"
    ) { (c: EncoderDecoder.Configuration, context: ModelContext) in try EncoderDecoder(c, in: context) }
    ttaModels.add("SegTTAModel", description: "Mean of the probabilities of an image's variants") {
      (_: SegTTAModel.Configuration, _: ModelContext) in SegTTAModel()
    }
    metrics.add("IoUMetric", description: "mIoU, accuracy, Dice and F score of label maps") {
      (c: IoUMetric.Configuration, context: MetricContext) in
      guard context.dataset.metainfo.labels != nil || context.dataset.carries.isEmpty else {
        throw ConfigurationError(
          message: "IoUMetric needs a data set of label maps, such as BaseSegDataset",
          hint: "Classes of whole images are judged by Accuracy.")
      }
      let sources =
        c.outputFolder == nil
        ? []
        : try (0..<context.dataset.count).flatMap { index in
          let sample = try context.dataset.sample(at: index)
          return [sample.imagePath] + (sample.labelMapPath.map { [$0] } ?? [])
        }
      return try IoUMetric(c, of: context.dataset.metainfo, sources: sources)
    }
    data.datasets.add("BaseSegDataset", description: "Images and label maps of the same names") {
      (c: BaseSegDataset.Configuration, context: DataContext) in try BaseSegDataset(c, in: context)
    }
    data.inventories.add("BaseSegDataset") {
      (c: BaseSegDataset.Configuration, _: DataContext) in try DatasetInventory(c)
    }
    add(ADE20K.self, description: "ADE20K's 150 classes; 0 is unlabelled")
    // mmdetection's data set of this name has objects in COCO's form.
    add(Cityscapes.self, scope: "mmseg", description: "Cityscapes' 19 classes, as numbers for training")
    add(PascalVOC.self, description: "Pascal VOC's background and 20 classes")
  }

  private mutating func add<Benchmark: SegmentationBenchmark>(
    _: Benchmark.Type, scope: String? = nil, description: String
  ) {
    data.datasets.add(Benchmark.datasetName, scope: scope, description: description) {
      (c: BenchmarkDataset<Benchmark>.Configuration, context: DataContext) in
      try BenchmarkDataset(c, in: context)
    }
    data.inventories.add(Benchmark.datasetName, scope: scope) {
      (c: BenchmarkDataset<Benchmark>.Configuration, _: DataContext) in try DatasetInventory(c.base)
    }
  }
}
