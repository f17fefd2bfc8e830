import Configuration
import Data
import Modeling
import Testing

@Suite("annotations that a model learns from")
struct AnnotationRequirementsTests {
  /// A data set that has pipelines only.
  private struct Pictures: Dataset {
    var count: Int { 1 }
    var metainfo: DatasetMetainfo { DatasetMetainfo(classes: ["a"]) }
    var pipeline: Pipeline
    var isTest: Bool { false }
    func sample(at index: Int) throws -> Sample { Sample(imagePath: "a.png") }
  }

  private func pipeline(_ steps: String) throws -> Pipeline {
    let steps = try ConfigurationNode.parse(steps, file: "a.yaml").decode([ComponentConfiguration].self)
    return try Pipeline(steps, in: DataContext(scope: "mmdet", components: DataComponents()))
  }

  private static let loadsBoxes = "{type: LoadAnnotations}"
  private static let loadsMasks = "{type: LoadAnnotations, with_mask: true}"

  @Test(
    "what a pipeline loads on every way through it",
    arguments: [
      ("[{type: LoadImageFromFile}]", []), ("[\(loadsBoxes)]", .boxes),
      ("[\(loadsMasks)]", [.boxes, .masks]),
      ("[{type: LoadAnnotations, with_bbox: false, with_label: false}]", []),
      ("[{type: LoadAnnotations, with_seg: true}]", [.boxes, .labelMap]),
      ("[{type: mmseg.LoadAnnotations}]", .labelMap),
      ("[{type: RandomChoice, transforms: [[\(loadsBoxes)], [\(loadsMasks)]]}]", .boxes),
      (
        "[\(loadsMasks), {type: RandomChoice, transforms: [[{type: RandomFlip, prob: 0.5}]]}]",
        [.boxes, .masks]
      ),
      (
        "[{type: TestTimeAug, transforms: [[{type: RandomFlip, prob: 1.0}], [\(loadsMasks)]]}]",
        [.boxes, .masks]
      ),
    ] as [(String, AnnotationKinds)])
  func loads(steps: String, expected: AnnotationKinds) throws {
    #expect(try pipeline(steps).loads == expected)
  }

  @Test(
    "what is missing is an error at the pipeline that says what to set",
    arguments: [
      ([.boxes, .masks], "[]", "loads no boxes of objects", "with_bbox: true"),
      ([.boxes, .masks], "[\(loadsBoxes)]", "loads no masks of objects", "with_mask: true"),
      (.labelMap, "[\(loadsMasks)]", "loads no label maps", "with_seg: true"),
    ] as [(AnnotationKinds, String, String, String)])
  func missing(kinds: AnnotationKinds, steps: String, message: String, hint: String) throws {
    let requirements = AnnotationRequirements(kinds, alternativeToMasks: "leave them out")
    let dataset = Pictures(pipeline: try pipeline(steps))
    let error = #expect(throws: ConfigurationError.self) { try requirements.check(dataset) }
    #expect(error?.keyPath == "train_dataloader.dataset.pipeline")
    #expect(error?.message.contains(message) == true && error?.hint?.contains(hint) == true)
  }

  private static let resizes = "{type: Resize, scale: [8, 8]}"
  private static let flips = "{type: RandomFlip, prob: 0.5}"

  @Test(
    "annotations that are loaded behind a step that moves pixels would not fit: an error that names both",
    arguments: [
      ("[\(resizes), \(loadsMasks)]", "LoadAnnotations stands behind Resize"),
      ("[\(flips), \(loadsMasks), \(resizes)]", "LoadAnnotations stands behind RandomFlip"),
      ("[{type: RandomChoice, transforms: [[\(flips)]]}, \(loadsMasks)]", "stands behind RandomChoice"),
      ("[{type: LoadImageFromFile}, \(loadsMasks), \(resizes), \(flips)]", nil),
    ] as [(String, String?)])
  func order(steps: String, message: String?) throws {
    let requirements = AnnotationRequirements([.boxes, .masks])
    let dataset = Pictures(pipeline: try pipeline(steps))
    guard let message else { return try requirements.check(dataset) }
    let error = #expect(throws: ConfigurationError.self) { try requirements.check(dataset) }
    #expect(error?.message.contains(message) == true && error?.hint?.contains("LoadImageFromFile") == true)
    try AnnotationRequirements.none.check(dataset)
  }

  @Test("a data set of several is as good as its worst one")
  func several() throws {
    let good = Pictures(pipeline: try pipeline("[\(Self.loadsMasks)]"))
    let poor = Pictures(pipeline: try pipeline("[\(Self.loadsBoxes)]"))
    let requirements = AnnotationRequirements([.boxes, .masks])
    try requirements.check(try ConcatDataset([good, RepeatDataset(good, times: 2)]))
    let mixed = try ConcatDataset([good, RepeatDataset(poor, times: 2)])
    #expect(throws: ConfigurationError.self) { try requirements.check(mixed) }
    try AnnotationRequirements.none.check(poor)
  }
}
