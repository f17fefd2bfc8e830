import Configuration
import Data
import Detection
import Imaging
import Layers
import Masks
import Modeling
import TestSupport
import Testing

@Suite("merging variants of an image")
struct DetTTAModelTests {
  /// A detector that answers with the objects of each variant, told apart by its size.
  private struct Scripted: ScoringModel {
    var answers: [Int: InstanceScores]
    var tree: ParameterTree { [:] }

    func losses(_ samples: [Sample]) throws -> Losses { Losses([]) }

    func scores(_ samples: [Sample]) throws -> [InstanceScores] { samples.compactMap { answers[$0.number] } }

    func decide(_ scores: InstanceScores, for sample: Sample) throws -> Prediction {
      #expect(!sample.isFlipped || sample.number == 0)
      return Prediction(
        instances: InstancePrediction(
          boxes: scores.boxes, scores: scores.scores, labels: scores.labels,
          masks: scores.masks.map { masks in
            // The first pixel tells whether a mask was mirrored.
            (0..<masks.count).map {
              RunLengthMask(
                Bitmap(height: 1, width: 1, pixels: [masks.probabilities[4 * $0] > 0.5 ? 1 : 0]))
            }
          }))
    }
  }

  private func variant(_ number: Int, isFlipped: Bool) -> Sample {
    var sample = Sample(number: number, imagePath: "a.png", size: ImageSize(height: 50, width: 100))
    sample.isFlipped = isFlipped
    return sample
  }

  private func scores(_ rows: [(SIMD4<Float>, Float, Int)], mask: [Float]? = nil) -> InstanceScores {
    InstanceScores(
      boxes: Boxes(rows.flatMap { row in (0..<4).map { row.0[$0] } }), scores: rows.map(\.1),
      labels: rows.map(\.2),
      masks: mask.map { mask in SoftMasks(side: 2, probabilities: rows.flatMap { _ in mask }) })
  }

  private func merging(_ keys: String) throws -> any TestTimeAugmentation {
    try DetectionComponents.all.ttaModels.build(
      DetectionComponents.configuration("{type: DetTTAModel\(keys)}"), scope: "mmdet",
      in: ModelContext(components: DetectionComponents.all))
  }

  private static let usual = ", tta_cfg: {nms: {type: nms, iou_threshold: 0.5}, max_per_img: 2}"

  @Test("boxes of mirrored variants go back, equals are one, and the best are kept with their masks")
  func merges() throws {
    let model = Scripted(answers: [
      0: scores([(SIMD4(10, 10, 30, 30), 0.8, 0), (SIMD4(60, 0, 70, 9), 0.3, 1)], mask: [1, 0, 1, 0]),
      // The first object, mirrored and surer, and another class in its place.
      1: scores([(SIMD4(70, 10, 90, 30), 0.9, 0), (SIMD4(70, 10, 90, 30), 0.7, 1)], mask: [0, 1, 0, 1]),
    ])
    let variants = [variant(0, isFlipped: false), variant(1, isFlipped: true)]
    let found = try #require(try merging(Self.usual).predict(variants, by: model).instances)
    #expect(found.boxes == Boxes([10, 10, 30, 30, 10, 10, 30, 30]))
    #expect(found.scores == [0.9, 0.7] && found.labels == [0, 1])
    #expect(found.masks?.map(\.area) == [1, 1])
  }

  @Test("nothing found in any variant is nothing; a segmentor's variants are not merged here")
  func edges() throws {
    let none = Scripted(answers: [0: scores([]), 1: scores([])])
    let variants = [variant(0, isFlipped: true), variant(1, isFlipped: false)]
    #expect(try merging(Self.usual).predict(variants, by: none).instances?.labels.isEmpty == true)
    let silent = Scripted(answers: [:])
    #expect(throws: DataError.self) { try merging(Self.usual).predict(variants, by: silent) }
  }

  @Test(
    "wrong keys are errors",
    arguments: [
      ("", "tta_cfg"), (", tta_cfg: {nms: {iou_threshold: 2}, max_per_img: 5}", "iou_threshold"),
      (", tta_cfg: {nms: {iou_threshold: 0.5}, max_per_img: 0}", "max_per_img"),
    ])
  func keys(keys: String, expected: String) {
    let error = #expect(throws: (any Error).self) { try merging(keys) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(expected))
  }

  @Test("a detector's variants: one of them alone is its own prediction")
  func whole() throws {
    let model = try TinyDetector.model(["model.test_cfg.rcnn.score_thr=0.0"])
    let sample = TinyDetector.sample(boxes: nil)
    let one = try merging(", tta_cfg: {nms: {type: nms, iou_threshold: 0.5}, max_per_img: 100}")
    let merged = try ForwardMode.evaluation { try one.predict([sample], by: model) }
    let own = try ForwardMode.evaluation { try model.predict([sample]) }
    #expect([merged] == own)
  }
}
