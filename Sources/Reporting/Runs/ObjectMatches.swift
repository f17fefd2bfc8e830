import Data
import Modeling

/// Which objects of an image were found: each true one goes with one prediction at most, the best overlaps first.
package struct ObjectMatches {
  /// Places of a true object and of a prediction.
  package let pairs: [(truth: Int, found: Int)]
  /// Places of true objects that were missed, and of predictions that are of nothing.
  package let missed, vain: [Int]

  /// Boxes go together from this overlap on, whatever their classes.
  private static let leastOverlap: Float = 0.5

  /// Compares predictions of a score or more; crowds neither count nor are what lies in them in vain.
  package init(_ truth: [InstanceAnnotation], _ found: InstancePrediction, scoreThreshold: Float) {
    let real = truth.indices.filter { !truth[$0].isIgnored }
    let crowds = truth.filter(\.isIgnored).map(\.box)
    let shown = found.scores.indices.filter { found.scores[$0] >= scoreThreshold }
    var candidates: [(overlap: Float, truth: Int, found: Int)] = []
    for object in real {
      for prediction in shown {
        let overlap = Self.overlap(truth[object].box, found.boxes[prediction])
        if overlap >= Self.leastOverlap { candidates.append((overlap, object, prediction)) }
      }
    }
    candidates.sort { ($1.overlap, $0.truth, $0.found) < ($0.overlap, $1.truth, $1.found) }
    var (usedTruth, usedFound) = (Set<Int>(), Set<Int>())
    var pairs: [(truth: Int, found: Int)] = []
    for candidate in candidates
    where !usedTruth.contains(candidate.truth) && !usedFound.contains(candidate.found) {
      usedTruth.insert(candidate.truth)
      usedFound.insert(candidate.found)
      pairs.append((candidate.truth, candidate.found))
    }
    self.pairs = pairs
    missed = real.filter { !usedTruth.contains($0) }
    vain = shown.filter { prediction in
      !usedFound.contains(prediction)
        && !crowds.contains { Self.share(of: found.boxes[prediction], in: $0) >= Self.leastOverlap }
    }
  }

  private static func area(_ box: SIMD4<Float>) -> Float { max(0, box[2] - box[0]) * max(0, box[3] - box[1]) }

  private static func common(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    area(SIMD4(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
  }

  private static func overlap(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Float {
    let common = common(a, b)
    return common > 0 ? common / (area(a) + area(b) - common) : 0
  }

  private static func share(of box: SIMD4<Float>, in crowd: SIMD4<Float>) -> Float {
    let whole = area(box)
    return whole > 0 ? common(box, crowd) / whole : 0
  }
}
