import Data
import Modeling

extension Prediction {
  /// How good a prediction of one image is, 0 ... 1: the F score of its objects, the mean IoU of the classes in its label
  /// map, or the probability of its class. Nil where the truth is not known.
  package func score(against sample: Sample, scoreThreshold: Float) -> Double? {
    if let map = labelMap {
      guard let label = sample.labelMap, label.size == map.size else { return nil }
      return Self.meanIoU(label.pixels, map.pixels, ignored: sample.labels.ignored)
    }
    if let instances {
      let matches = ObjectMatches(sample.annotations, instances, scoreThreshold: scoreThreshold)
      let right = matches.pairs.filter { sample.annotations[$0.truth].label == instances.labels[$0.found] }
        .count
      let wrong = 2 * (matches.pairs.count - right) + matches.missed.count + matches.vain.count
      return right + wrong == 0 ? 1 : 2 * Double(right) / Double(2 * right + wrong)
    }
    if let classScores, let label = sample.classLabel, classScores.indices.contains(label) {
      return Double(classScores[label])
    }
    return nil
  }

  /// Over the classes that either map has; nil where nothing is labelled.
  private static func meanIoU(_ label: [Int32], _ found: [Int32], ignored: Int32) -> Double? {
    let count = 1 + Int(max(0, max(label.max() ?? 0, found.max() ?? 0)))
    // Numbers of label maps are of 16 bits.
    guard count <= 65_536 else { return nil }
    var common = [Int](repeating: 0, count: count)
    var either = common
    for index in label.indices where label[index] != ignored {
      let (truth, prediction) = (Int(label[index]), Int(found[index]))
      if truth >= 0 { either[truth] += 1 }
      if truth == prediction {
        if truth >= 0 { common[truth] += 1 }
      } else if prediction >= 0 {
        either[prediction] += 1
      }
    }
    let present = either.indices.filter { either[$0] > 0 }
    guard !present.isEmpty else { return nil }
    return present.reduce(0) { $0 + Double(common[$1]) / Double(either[$1]) } / Double(present.count)
  }
}
