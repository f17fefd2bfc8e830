import Data
import Modeling

extension Prediction {
  /// How good a prediction of one image is, 0 ... 1: the F score of its objects, the mean IoU of the classes in its label
  /// map, or the probability of its class. Nil where the truth is not known.
  package func score(against sample: Sample, scoreThreshold: Float) -> Double? {
    if let map = labelMap {
      guard let label = sample.labelMap, label.size == map.size else { return nil }
      var (common, either) = ([Int32: Int](), [Int32: Int]())
      for (truth, found) in zip(label.pixels, map.pixels) where truth != sample.labels.ignored {
        either[truth, default: 0] += 1
        if truth == found { common[truth, default: 0] += 1 } else { either[found, default: 0] += 1 }
      }
      guard !either.isEmpty else { return nil }
      return either.keys.sorted().reduce(0) { $0 + Double(common[$1] ?? 0) / Double(either[$1] ?? 1) }
        / Double(either.count)
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
}
