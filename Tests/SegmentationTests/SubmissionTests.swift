import Configuration
import Data
import Foundation
import Imaging
import Modeling
import Segmentation
import TestSupport
import Tensors
import Testing

@Suite("Label maps of a submission, and their evaluation")
struct SubmissionTests {
  private func map(_ pixels: [Int32]) -> LabelMap { LabelMap(height: 1, width: pixels.count, pixels: pixels) }

  private func metric(_ keys: String, in folder: TemporaryFolder) throws -> any Metric {
    let dataset = try SegmentationComponents.dataset(
      """
      {type: BaseSegDataset, data_root: \(folder.path), img_suffix: .png, reduce_zero_label: true, test_mode: true,
       data_prefix: {img_path: images, seg_map_path: labels}, metainfo: {classes: [a, b, c]},
       pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations}]}
      """)
    return try SegmentationComponents.all.metrics.build(
      SegmentationComponents.configuration("{type: IoUMetric\(keys)}"), scope: "mmseg",
      in: MetricContext(scope: "mmseg", dataset: dataset))
  }

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (name, labels) in [("1", [0, 1, 2] as [Int32]), ("2", [3, 3, 1])] {
      try folder.image("images/\(name).png")
      try folder.labels("labels/\(name).png", labels)
    }
    return folder
  }

  private func samples(_ folder: TemporaryFolder) -> [(Prediction, Sample)] {
    [("1", [2, 0, 0] as [Int32], [255, 0, 1] as [Int32]), ("2", [2, 1, 0], [2, 2, 0])].map {
      name, found, truth in
      var sample = Sample(
        imagePath: "\(folder.path)/images/\(name).png", labelMapPath: "\(folder.path)/labels/\(name).png",
        labels: LabelMeaning(classCount: 3, reducesZeroLabel: true))
      sample.labelMap = map(truth)
      return (Prediction(labelMap: map(found)), sample)
    }
  }

  @Test("ADE20K's layout, class + 1, is written, and read back gives the same figures")
  func roundTrip() throws {
    let folder = try folder()
    var metric = try metric(", output_dir: \(folder.path)/out, iou_metrics: mIoU", in: folder)
    for (prediction, sample) in samples(folder) { try metric.add(prediction, for: sample) }
    #expect(folder.names("out") == ["1.png", "2.png"])
    #expect(try LabelMap.read(file: "\(folder.path)/out/1.png").pixels == [3, 1, 1])
    var counts = SegmentationCounts(
      ConfusionMatrix(classes: 3, reducesZeroLabel: true, predictionsOffset: 1))
    try counts.add(LabelMapPairs(annotations: "\(folder.path)/labels", predictions: "\(folder.path)/out"))
    let figures = try metric.summary().values
    #expect(figures.map(\.name) == ["aAcc", "mIoU", "mAcc"])
    let summary = SegmentationSummary(counts, classes: ["a", "b", "c"])
    for (name, value) in summary.means where name == "mIoU" || name == "aAcc" {
      #expect(figures.first { $0.name == name }?.value == (value * 10_000).rounded() / 100)
    }
  }

  @Test("format_only writes and judges nothing, and needs no labels")
  func formatOnly() throws {
    let folder = try folder()
    var metric = try metric(", output_dir: \(folder.path)/out, format_only: true", in: folder)
    for (prediction, sample) in samples(folder) {
      var sample = sample
      sample.labelMap = nil
      try metric.add(prediction, for: sample)
    }
    let summary = try metric.summary()
    #expect(
      metric.figures.isEmpty && summary.values.isEmpty && summary.table.hasPrefix("2 label maps are in"))
    #expect(folder.names("out") == ["1.png", "2.png"])
  }

  @Test("prefix, nan_to_num and mBIoU")
  func keys() throws {
    let folder = try folder()
    var metric = try metric(
      ", prefix: val, nan_to_num: -1, beta: 2, iou_metrics: [mFscore, mBIoU], collect_device: cpu", in: folder
    )
    for (prediction, sample) in samples(folder) { try metric.add(prediction, for: sample) }
    let names = ["val/aAcc", "val/mFscore", "val/mPrecision", "val/mRecall", "val/mBIoU"]
    #expect(metric.figures.map(\.name) == names)
    let values = try metric.summary().values
    #expect(values.map(\.name) == names)
    // Maps of one row are outlines only: a: 2 of 3, b: 0 of 2, c: 1 of 2 (the unlabelled pixel counts nowhere).
    #expect(values.last?.value == 38.89)
  }

  @Test(
    "keys that cannot be are refused",
    arguments: [
      (", format_only: true", "true needs output_dir"), (", output_dir: ''", "an empty name"),
      (", output_dir: FOLDER/labels", "is a folder of the data set"),
      (", output_dir: FOLDER/./images", "is a folder of the data set"),
      (", iou_metrics: [mAP]", "'mAP' is not known"),
    ])
  func refuses(keys: String, message: String) throws {
    let folder = try folder()
    do {
      _ = try metric(keys.replacingOccurrences(of: "FOLDER", with: folder.path), in: folder)
      Issue.record("accepted")
    } catch { #expect("\(error)".contains(message), "\(error)") }
  }

  @Test("two images of one name are an error, not one file")
  func sameName() throws {
    let folder = try folder()
    var metric = try metric(", output_dir: \(folder.path)/out", in: folder)
    let (prediction, first) = samples(folder)[0]
    var sample = first
    try metric.add(prediction, for: sample)
    try metric.add(prediction, for: sample)
    sample.imagePath = "elsewhere/1.png"
    #expect(throws: DataError.self) { try metric.add(prediction, for: sample) }
  }

  @Test("pairs are counted on any number of threads as one by one; the first that fails is named")
  func parallelPairs() throws {
    let folder = try TemporaryFolder()
    var expected = SegmentationCounts(ConfusionMatrix(classes: 3), countsBoundaries: true)
    for index in 0..<23 {
      let (label, found) = (
        (0..<12).map { Int32(($0 * index + $0 / 3) % 3) }, (0..<12).map { Int32(($0 + index) % 4) }
      )
      try folder.labels("truth/\(index).png", label)
      try folder.labels("found/\(index).png", found)
      try expected.add(label: map(label), prediction: map(found))
    }
    func pairs() throws -> LabelMapPairs {
      try LabelMapPairs(annotations: "\(folder.path)/truth", predictions: "\(folder.path)/found")
    }
    var counts = SegmentationCounts(ConfusionMatrix(classes: 3), countsBoundaries: true)
    try counts.add(pairs())
    #expect(counts == expected)
    try folder.labels("found/3.png", [0])
    let error = #expect(throws: DataError.self) { try counts.add(pairs()) }
    #expect(error?.file?.hasSuffix("truth/3.png") == true)
  }

  @Test("label maps of 1 to 16 bits are read alike", arguments: [1, 2, 200, 65_535] as [Int32])
  func depths(highest: Int32) throws {
    let folder = try TemporaryFolder()
    try folder.labels("a.png", [0, highest])
    #expect(try LabelMap.read(file: "\(folder.path)/a.png").pixels == [0, highest])
  }

  @Test(
    "outlines are what is within 2 % of the diagonal of another class or of the border",
    arguments: [9, 60, 130])
  func outlines(side: Int) throws {
    let size = ImageSize(height: side, width: side + 11)
    func blocks(_ seed: Int) -> [Int32] {
      let cells = Tensor.random([400], in: 0...2.99, seed: seed).values
      return (0..<size.height * size.width).map { index in
        let (y, x) = (index / size.width, index % size.width)
        return Int32(cells[(y / 17) * 20 + x / 13])
      }
    }
    func isNear(_ map: [Int32], _ index: Int, _ distance: Int) -> Bool {
      let (y, x) = (index / size.width, index % size.width)
      return (y - distance...y + distance).contains { row in
        (x - distance...x + distance).contains { column in
          !(0..<size.height).contains(row) || !(0..<size.width).contains(column)
            || map[row * size.width + column] != map[index]
        }
      }
    }
    let (label, found) = (blocks(1), blocks(2))
    let diagonal = Double(size.height * size.height + size.width * size.width).squareRoot()
    let distance = max(1, Int((0.02 * diagonal).rounded()))
    var (labels, predictions, both) = ([0, 0, 0], [0, 0, 0], [0, 0, 0])
    for index in label.indices {
      let (a, b) = (isNear(label, index, distance), isNear(found, index, distance))
      if a { labels[Int(label[index])] += 1 }
      if b { predictions[Int(found[index])] += 1 }
      if a, b, label[index] == found[index] { both[Int(label[index])] += 1 }
    }
    var counts = SegmentationCounts(ConfusionMatrix(classes: 3), countsBoundaries: true)
    try counts.add(
      label: LabelMap(height: size.height, width: size.width, pixels: label),
      prediction: LabelMap(height: size.height, width: size.width, pixels: found))
    let boundary = try #require(counts.boundary)
    #expect(boundary.labels.map(Int.init) == labels && boundary.predictions.map(Int.init) == predictions)
    #expect(boundary.intersections.map(Int.init) == both)
  }
}
