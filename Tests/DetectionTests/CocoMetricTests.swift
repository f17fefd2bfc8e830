import Coco
import Configuration
import Data
import Detection
import Foundation
import Masks
import Modeling
import Tensors
import TestSupport
import Testing

/// `CocoMetric` over data sets of golden annotations, fed with golden results.
@Suite("CocoMetric")
struct CocoMetricTests {
  private static let truthFile = Golden.path("coco/eval_0_annotations.json")

  /// The golden results, by image.
  private static func results() throws -> [Int: [CocoResults.Row]] {
    let file = try CocoResults(contentsOf: Golden.path("coco/eval_0_bbox.json"))
    return Dictionary(grouping: file.rows, by: \.imageID)
  }

  private func dataset(_ keys: String = "") throws -> any Dataset {
    try DetectionComponents.dataset(
      "{type: CocoDataset, ann_file: \(Self.truthFile), test_mode: true\(keys)}")
  }

  static func metric(_ keys: String, _ dataset: any Dataset) throws -> any Metric {
    try DetectionComponents.all.metrics.build(
      DetectionComponents.configuration("{type: CocoMetric\(keys)}"), scope: "mmdet",
      in: MetricContext(scope: "mmdet", dataset: dataset))
  }

  /// What a model whose golden results these are predicts for an image: objects of the data set's classes.
  private func prediction(
    _ rows: [CocoResults.Row], _ categoryIDs: [Int]
  ) -> Prediction {
    var found = InstancePrediction(boxes: Boxes(), scores: [], labels: [])
    for row in rows {
      guard let label = categoryIDs.firstIndex(of: row.categoryID), let box = row.boundingBox else {
        continue
      }
      found.boxes.append(
        SIMD4(Float(box.x), Float(box.y), Float(box.x + box.width), Float(box.y + box.height)))
      found.scores.append(Float(row.score))
      found.labels.append(label)
    }
    return Prediction(instances: found)
  }

  private func summary(_ metric: any Metric) throws -> CocoSummary {
    try #require(try metric.summary().json as? [String: CocoSummary])["bbox"]
      ?? { throw CocoError("no bbox") }()
  }

  @Test("counts the data set's classes and images, and no others", arguments: 0..<12)
  func subsets(seed: Int) throws {
    let whole = try CocoAnnotations(contentsOf: Self.truthFile)
    var random = RandomGenerator(seed: UInt64(seed), purpose: .augmentation(stage: 1))
    func some<Element>(_ all: [Element]) -> [Element] {
      random.permutation(all.count).prefix(1 + random.integer(below: all.count)).map { all[$0] }
    }
    let categories = some(whole.categories)
    let places = some(Array(whole.images.indices))
    let set = try dataset(
      ", metainfo: {classes: \(categories.map(\.name))}, indices: \(places), filter_cfg: {filter_empty_gt: true}"
    )
    let ids = categories.map(\.id)
    var metric = try Self.metric("", set)
    let results = try Self.results()
    // The annotation file cut to those classes and images, and pycocotools' numbers of it.
    let images = Set(places.map { whole.images[$0].id })
    let cut = try CocoAnnotations(
      file: "cut.json", images: whole.images.filter { images.contains($0.id) },
      annotations: whole.annotations.filter { images.contains($0.imageID) && ids.contains($0.categoryID) },
      categories: whole.categories.filter { ids.contains($0.id) })
    var evaluator = try CocoEvaluator(annotations: cut, iouType: .bbox)
    for index in 0..<set.count {
      let sample = try set.sample(at: index)
      let prediction = prediction(results[sample.imageID] ?? [], ids)
      try metric.add(prediction, for: sample)
      let found = try #require(prediction.instances)
      try evaluator.add(
        imageID: sample.imageID,
        detections: found.labels.indices.map {
          let box = cornerForm(found.boxes[$0])
          return CocoDetection(
            categoryID: ids[found.labels[$0]], score: Double(found.scores[$0]),
            boundingBox: (box[0], box[1], box[2], box[3]))
        })
    }
    let expected = evaluator.summary()
    #expect(try summary(metric) == expected)
    #expect(expected.perClass.map(\.id) == ids.sorted())
  }

  /// Two classes of three and two images of three, each object found exactly.
  @Test(
    "a perfect model of some classes and images has 1",
    arguments: [
      "", ", metainfo: {classes: [cat]}", ", indices: [1]", ", metainfo: {classes: [dog]}, indices: 1",
    ])
  func perfect(keys: String) throws {
    let folder = try Self.folder()
    let set = try DetectionComponents.dataset("{type: CocoDataset, ann_file: \(folder.path)/a.json\(keys)}")
    var metric = try Self.metric("", set)
    for index in 0..<set.count { try Self.addTruth(of: set, at: index, to: &metric) }
    #expect(try metric.summary().values[0].value == 1)
    // With ann_file all its images count, as in mmdetection.
    metric = try Self.metric(", ann_file: \(folder.path)/a.json", set)
    for index in 0..<set.count { try Self.addTruth(of: set, at: index, to: &metric) }
    let summary = try metric.summary()
    #expect((summary.values[0].value == 1) == !keys.contains("indices"))
    #expect(summary.table.contains("1 images are tested") == keys.contains("indices"))
  }

  @Test(
    "takes wrapped data sets",
    arguments: [
      "{type: ConcatDataset, datasets: [<A>, <B>]}", "{type: RepeatDataset, times: 3, dataset: <A>}",
      "{type: RepeatDataset, times: 2, dataset: {type: ConcatDataset, datasets: [<A>, {type: RepeatDataset, times: 2, dataset: <B>}]}}",
    ])
  func wrappers(text: String) throws {
    let folder = try Self.folder()
    let text = ["<A>": "a", "<B>": "b"].reduce(text) {
      $0.replacingOccurrences(
        of: $1.key, with: "{type: CocoDataset, ann_file: \(folder.path)/\($1.value).json, test_mode: true}")
    }
    let set = try DetectionComponents.dataset(text)
    var metric = try Self.metric(", classwise: true", set)
    for index in 0..<set.count { try Self.addTruth(of: set, at: index, to: &metric) }
    #expect(try metric.summary().values[0].value == 1)
    // Nothing is counted twice: without the last image something is missed.
    var partial = try Self.metric("", set)
    for index in 1..<set.count where index % (set.count / 2) != 0 {
      try Self.addTruth(of: set, at: index, to: &partial)
    }
    #expect(try partial.summary().values[0].value < 1)
    // Classes' figures come first, as in mmdetection.
    #expect(Array(metric.figures.dropFirst(set.metainfo.classes.count)) == partial.figures)
    #expect(metric.figures.first?.name == "coco/cat_precision")
    var files = try #require(try CocoResultFiles(stem: folder.path + "/out", dataset: set))
    for index in 0..<set.count {
      try files.add(try #require(Self.truth(of: set, at: index).1.instances), for: set.sample(at: index))
    }
    let written = try CocoResults(contentsOf: try files.write()[0])
    let truth = try #require(try (set as? any InstanceTruthSource)?.instanceTruth())
    #expect(written.rows.count == truth.annotations.annotations.count)
    #expect(Set(written.rows.map(\.imageID)) == Set(truth.annotations.images.map(\.id)))
  }

  @Test("merged from parts in any order, it has the bits of one pass", arguments: [1, 2, 3, 7])
  func merges(parts: Int) throws {
    let set = try dataset()
    let ids = try #require((set as? CocoDataset)?.categoryIDs)
    let results = try Self.results()
    let keys = ", metric: [bbox, proposal, proposal_fast]"
    func encoded(_ metric: any Metric) throws -> Data {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return try encoder.encode(try #require(try metric.summary().json as? [String: CocoSummary]))
    }
    var once = try Self.metric(keys, set)
    for index in 0..<set.count {
      let sample = try set.sample(at: index)
      try once.add(prediction(results[sample.imageID] ?? [], ids), for: sample)
    }
    var random = RandomGenerator(seed: UInt64(parts), purpose: .augmentation(stage: 2))
    var states: [[UInt8]] = []
    let order = random.permutation(set.count)
    for part in 0..<parts {
      var metric = try Self.metric(keys, set)
      for index in order.indices where index % parts == part {
        let sample = try set.sample(at: order[index])
        try metric.add(prediction(results[sample.imageID] ?? [], ids), for: sample)
      }
      states.append(try metric.storedState())
    }
    var merged = try Self.metric(keys, set)
    for part in random.permutation(parts) { try merged.merge(stored: states[part]) }
    #expect(try encoded(merged) == encoded(once))
    let figures = (try merged.summary().values.map(\.value), try once.summary().values.map(\.value))
    #expect(figures.0 == figures.1)
    // What was counted is not counted again, nor is what belongs elsewhere.
    #expect(throws: CocoError.self) { try merged.merge(stored: states[0]) }
    #expect(throws: DataError.self) { try merged.merge(stored: [1, 2, 3]) }
    var other = try Self.metric(keys, try dataset(", indices: 1"))
    #expect(throws: CocoError.self) { try other.merge(stored: states[0]) }
    var third = try Self.metric("", set)
    #expect(throws: (any Error).self) { try third.merge(stored: states[0]) }
    #expect(try encoded(merged) == encoded(once))
  }

  @Test(
    "keys of mmdetection that are wrong are errors",
    arguments: [
      (", metric: mAP", "metric"), (", metric: [bbox, bbox]", "each once"),
      (", iou_thrs: [0.5, 2]", "from 0 to 1"),
      (", iou_thrs: []", "from 0 to 1"), (", proposal_nums: [1, 2]", "three positive numbers"),
      (", metric_items: [mAP, AR@7]", "AR@7 is no figure; there are mAP, mAP_50"),
      (", format_only: true", "needs outfile_prefix"), (", outfile_prefix: out/", "names no file"),
    ])
  func wrongKeys(keys: String, expected: String) throws {
    let set = try dataset()
    let error = #expect(throws: (any Error).self) { try Self.metric(keys, set) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(expected))
  }

  @Test("format_only writes results and judges nothing; prefix changes the names")
  func formats() throws {
    let folder = try TemporaryFolder()
    let set = try dataset()
    let ids = try #require((set as? CocoDataset)?.categoryIDs)
    let results = try Self.results()
    var metric = try Self.metric(
      ", format_only: true, outfile_prefix: \(folder.path)/new/r, metric: [bbox, segm]", set)
    var parts = [metric, metric]
    for index in 0..<set.count {
      let sample = try set.sample(at: index)
      var found = prediction(results[sample.imageID] ?? [], ids)
      let labels = found.instances?.labels
      found.instances?.masks = labels?.map { _ in
        RunLengthMask(Bitmap(height: sample.size.height, width: sample.size.width))
      }
      try metric.add(found, for: sample)
      try parts[index % 2].add(found, for: sample)
    }
    #expect(metric.figures.isEmpty)
    let summary = try metric.summary()
    #expect(summary.values.isEmpty && summary.table.contains("r.segm.json"))
    let written = try CocoResults(contentsOf: "\(folder.path)/new/r.bbox.json")
    #expect(written.rows.count == results.values.reduce(0) { $0 + $1.count { ids.contains($0.categoryID) } })
    try parts[0].merge(stored: parts[1].storedState())
    _ = try parts[0].summary()
    #expect(try CocoResults(contentsOf: "\(folder.path)/new/r.bbox.json").rows.count == written.rows.count)
    let named = try Self.metric(", prefix: mine, metric_items: [mAP_50]", set)
    #expect(named.figures.map(\.name) == ["mine/bbox_mAP_50"])
  }

  /// mmdetection's numbers: `eval_map` with the legacy coordinates that `VOCMetric` uses and a stable sort (its own leaves
  /// the order of equal scores to the processor), and `eval_recalls`.
  @Test(
    "VOCMetric and the fast recall have mmdetection's numbers",
    arguments: [
      (
        "tide_0", [0.23076923191547394, 0.17404761910438538], [0.2429070919752121, 0.18922077119350433],
        [0.08076923, 0.25, 0.45384615]
      ),
      (
        "tide_1", [0.25811392068862915, 0.18658730387687683], [0.2704099714756012, 0.19367966055870056],
        [0.07142857, 0.28214286, 0.41428571]
      ),
      (
        "eval_1", [0.3517489433288574, 0.18701769411563873], [0.3416967988014221, 0.18844187259674072],
        [0.1597561, 0.33170732, 0.53536585]
      ),
    ])
  func voc(name: String, area: [Double], points: [Double], recall: [Double]) throws {
    let set = try DetectionComponents.dataset(
      "{type: CocoDataset, ann_file: \(Golden.path("coco/\(name)_annotations.json")), test_mode: true}")
    let ids = try #require((set as? CocoDataset)?.categoryIDs)
    let file = try CocoResults(contentsOf: Golden.path("coco/\(name)_bbox.json"))
    let rows = Dictionary(grouping: file.rows, by: \.imageID)
    func values(_ text: String) throws -> [Double] {
      let build = {
        try DetectionComponents.all.metrics.build(
          DetectionComponents.configuration(text), scope: "mmdet",
          in: MetricContext(scope: "mmdet", dataset: set))
      }
      var (metric, other) = (try build(), try build())
      for index in 0..<set.count {
        let sample = try set.sample(at: index)
        let prediction = prediction(rows[sample.imageID] ?? [], ids)
        if index % 2 == 0 {
          try metric.add(prediction, for: sample)
        } else {
          try other.add(prediction, for: sample)
        }
      }
      try metric.merge(stored: other.storedState())
      #expect(throws: (any Error).self) { try metric.merge(stored: other.storedState()) }
      #expect(metric.figures.map(\.name) == (try metric.summary().values.map(\.name)))
      return try metric.summary().values.map(\.value)
    }
    func near(_ a: [Double], _ b: [Double], _ tolerance: Double) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < tolerance }
    }
    for (rule, wanted) in [("area", area), ("11points", points)] {
      let found = try values("{type: VOCMetric, iou_thrs: [0.5, 0.75], eval_mode: \(rule)}")
      #expect(abs(found[0] - (wanted[0] + wanted[1]) / 2) < 1e-6, "\(rule): \(found)")
      #expect(
        near(Array(found[1...]), wanted.map { ($0 * 1000).rounded() / 1000 }, 1e-9), "\(rule): \(found)")
    }
    let found = try values("{type: CocoMetric, metric: proposal_fast, proposal_nums: [2, 5, 100]}")
    #expect(near(found, recall, 1e-7), "\(found)")
  }

  @Test("says what it cannot judge")
  func refusals() throws {
    let folder = try Self.folder()
    let set = try DetectionComponents.dataset("{type: CocoDataset, ann_file: \(folder.path)/a.json}")
    func message(_ body: () throws -> Void) throws -> String {
      "\(try #require(#expect(throws: (any Error).self) { try body() }))"
    }
    #expect(try message { _ = try Self.metric("", NoObjects()) }.contains("knows its objects"))
    #expect(
      try message { _ = try Self.metric(", metric: [bbox, segm]", set) }.contains(
        "4 of 4 annotations have no segm"))
    #expect(
      try message { _ = try Self.metric(", ann_file: \(folder.path)/b.json", Renamed(set)) }.contains(
        "no category [cow]"))
    // Boxes are no masks, however many of them are found.
    let masked = try Self.folder(mask: #""segmentation": [[1, 2, 9, 2, 9, 9]], "#)
    let outlined = try DetectionComponents.dataset("{type: CocoDataset, ann_file: \(masked.path)/a.json}")
    var masks = try Self.metric(", metric: [bbox, segm]", outlined)
    let none = Prediction(instances: InstancePrediction(boxes: Boxes(), scores: [], labels: []))
    let picture = try outlined.sample(at: 0)
    #expect(try message { try masks.add(none, for: picture) }.contains("boxes without masks"))
    #expect(try message { try masks.add(Prediction(), for: picture) }.contains("judged by IoUMetric"))
    var metric = try Self.metric("", set)
    var (sample, prediction) = try Self.truth(of: set, at: 0)
    prediction.instances?.labels[0] = 9
    #expect(try message { try metric.add(prediction, for: sample) }.contains("class 9, from 0"))
    sample.index = 7
    #expect(try message { try metric.add(prediction, for: sample) }.contains("of another one"))
  }

  /// A data set of label maps.
  private struct NoObjects: Dataset {
    let count = 0
    let metainfo = DatasetMetainfo(classes: ["cat"])
    let pipeline = Pipeline([])
    let isTest = true
    func sample(at index: Int) throws -> Sample { Sample(imagePath: "") }
  }

  /// A data set of a program's own around another one.
  private struct Renamed: Dataset, InstanceTruthSource {
    let inner: any Dataset
    let metainfo = DatasetMetainfo(classes: ["cow"])
    var count: Int { inner.count }
    var pipeline: Pipeline { inner.pipeline }
    var isTest: Bool { true }
    init(_ inner: any Dataset) { self.inner = inner }
    func sample(at index: Int) throws -> Sample { try inner.sample(at: index) }
    func instanceTruth() throws -> InstanceTruth? { try (inner as? any InstanceTruthSource)?.instanceTruth() }
  }

  /// Two files with the same ids of images and annotations, but other ids of the same classes.
  private static func folder(mask: String = "") throws -> TemporaryFolder {
    func file(_ cat: Int, _ dog: Int) -> String {
      """
      {"images": [{"id": 4, "file_name": "a", "height": 40, "width": 50}, {"id": 2, "file_name": "b", "height": 40, "width": 50}],
       "categories": [{"id": \(cat), "name": "cat"}, {"id": \(dog), "name": "dog"}],
       "annotations": [
        {"id": 1, \(mask)"image_id": 4, "category_id": \(cat), "bbox": [1, 2, 10, 20], "area": 200},
        {"id": 2, \(mask)"image_id": 4, "category_id": \(dog), "bbox": [5, 2, 30, 20], "area": 600},
        {"id": 3, \(mask)"image_id": 2, "category_id": \(dog), "bbox": [8, 8, 10, 10], "area": 100},
        {"id": 4, \(mask)"image_id": 2, "category_id": \(cat), "bbox": [20, 8, 10, 30], "area": 300}]}
      """
    }
    return try TemporaryFolder(["a.json": file(1, 2), "b.json": file(8, 3)])
  }

  /// The image's own objects as a model's prediction.
  private static func truth(of set: any Dataset, at index: Int) throws -> (Sample, Prediction) {
    let sample = try set.sample(at: index)
    let boxes = Boxes(sample.annotations.flatMap { object in (0..<4).map { object.box[$0] } })
    return (
      sample,
      Prediction(
        instances: InstancePrediction(
          boxes: boxes, scores: sample.annotations.map { _ in 0.5 }, labels: sample.annotations.map(\.label)))
    )
  }

  private static func addTruth(of set: any Dataset, at index: Int, to metric: inout any Metric) throws {
    let (sample, prediction) = try truth(of: set, at: index)
    try metric.add(prediction, for: sample)
  }
}
