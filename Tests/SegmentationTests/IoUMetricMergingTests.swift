import Configuration
import Data
import Foundation
import Imaging
import Modeling
import Tensors
import Testing

/// Images without files.
private struct NamedClasses: Dataset {
  let count = 9
  let metainfo = DatasetMetainfo(classes: ["one", "two", "three"])
  let pipeline = Pipeline([])
  let isTest = true
  func sample(at index: Int) throws -> Sample { Sample(index: index, imagePath: "\(index).png") }
}

@Suite("Merging IoUMetric")
struct IoUMetricMergingTests {
  private func metric(_ dataset: any Dataset = NamedClasses()) throws -> any Metric {
    try SegmentationComponents.all.metrics.build(
      SegmentationComponents.configuration("{type: IoUMetric, iou_metrics: [mIoU, mDice, mFscore]}"),
      scope: "mmseg",
      in: MetricContext(scope: "mmseg", dataset: dataset))
  }

  @Test("stored parts in any order have the bits of one pass", arguments: [1, 2, 3, 7])
  func merges(parts: Int) throws {
    var random = RandomGenerator(seed: 5, purpose: .augmentation(stage: 0))
    func map() -> LabelMap {
      LabelMap(height: 4, width: 5, pixels: (0..<20).map { _ in Int32(random.integer(below: 3)) })
    }
    var once = try metric()
    var partial = try (0..<parts).map { _ in try metric() }
    for index in 0..<9 {
      var sample = try NamedClasses().sample(at: index)
      sample.labelMap = map()
      let prediction = Prediction(labelMap: map())
      try once.add(prediction, for: sample)
      try partial[index % parts].add(prediction, for: sample)
    }
    var merged = try metric()
    for part in random.permutation(parts) { try merged.merge(stored: partial[part].storedState()) }
    #expect(try merged.storedState() == once.storedState())
    let (figures, expected) = (try merged.summary().values, try once.summary().values)
    #expect(figures.map(\.name) == expected.map(\.name) && figures.map(\.value) == expected.map(\.value))
    #expect(throws: DataError.self) { try merged.merge(stored: Array("{}".utf8)) }
  }
}
