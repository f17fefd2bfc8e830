import Data
import Imaging
import Masks
import Modeling
import Reporting
import Testing

@Suite("found objects")
struct ObjectMatchesTests {
  private func object(_ x: Float, label: Int = 0, isIgnored: Bool = false) -> InstanceAnnotation {
    InstanceAnnotation(box: SIMD4(x, 0, x + 10, 10), label: label, isIgnored: isIgnored)
  }

  private func found(_ rows: [(x: Float, score: Float, label: Int)]) -> InstancePrediction {
    InstancePrediction(
      boxes: Boxes(rows.flatMap { [$0.x, 0, $0.x + 10, 10] }), scores: rows.map(\.score),
      labels: rows.map(\.label))
  }

  @Test("go to one true object each, the best overlap first, whatever the class")
  func pairs() {
    let truth = [object(0), object(100, label: 1), object(200)]
    let prediction = found([(3, 0.9, 0), (1, 0.8, 0), (100, 0.7, 0), (300, 0.9, 1), (200, 0.1, 0)])
    let matches = ObjectMatches(truth, prediction, scoreThreshold: 0.3)
    #expect(matches.pairs.map(\.truth) == [1, 0] && matches.pairs.map(\.found) == [2, 1])
    #expect(matches.missed == [2] && matches.vain == [0, 3])
    let sample = Sample(imagePath: "a.png", annotations: truth)
    // One is right; wrong are the class of one, a missed one and two in vain.
    #expect(
      Prediction(instances: prediction).score(against: sample, scoreThreshold: 0.3) == 2.0 / 7)
  }

  @Test("are not in vain in crowds, which nobody has to find")
  func crowds() {
    let matches = ObjectMatches(
      [object(0, isIgnored: true)], found([(2, 0.9, 0), (50, 0.9, 0)]), scoreThreshold: 0.3)
    #expect(matches.pairs.isEmpty && matches.missed.isEmpty && matches.vain == [1])
  }

  @Test("of label maps and classes have scores, too")
  func others() {
    var sample = Sample(imagePath: "a.png", classLabel: 1)
    #expect(Prediction(classScores: [0.25, 0.75]).score(against: sample, scoreThreshold: 0.3) == 0.75)
    let ignored = sample.labels.ignored
    sample.labelMap = LabelMap(height: 1, width: 4, pixels: [0, 0, 1, ignored])
    let map = LabelMap(height: 1, width: 4, pixels: [0, 1, 1, 1])
    #expect(Prediction(labelMap: map).score(against: sample, scoreThreshold: 0.3) == 0.5)
  }
}
