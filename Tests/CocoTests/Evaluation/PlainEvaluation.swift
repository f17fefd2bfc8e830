import Coco
import Masks

/// COCO's protocol by the letter, a setting at a time, on pixels and boxes: slow, and without anything of what it tests.
struct PlainEvaluation {
  private let set: GeneratedEvaluation
  private let thresholds: [Double]
  private let images: [Int]
  private let categories: [Int]
  private static let ranges = [(0.0, 1e10), (0.0, 1024.0), (1024.0, 9216.0), (9216.0, 1e10)]

  init(_ set: GeneratedEvaluation) {
    self.set = set
    thresholds = set.thresholds ?? CocoEvaluator.cocoThresholds
    images = (set.chosenImages ?? set.pictures.map(\.id)).sorted()
    categories = (set.chosenCategories ?? set.categories).sorted()
  }

  /// The twelve numbers.
  var stats: [Double] {
    let all = setting(range: 0, limit: set.maxDets[2])
    let first = set.maxDets.contains(100) ? setting(range: 0, limit: 100) : all
    let sizes = (1..<4).map { setting(range: $0, limit: set.maxDets[2]) }
    func at(_ threshold: Double) -> [Double] {
      thresholds.firstIndex(of: threshold).map { all.precision[$0].flatMap { $0 } } ?? []
    }
    return [mean(first.precision.flatMap { $0.flatMap { $0 } }), mean(at(0.5)), mean(at(0.75))]
      + sizes.map { mean($0.precision.flatMap { $0.flatMap { $0 } }) }
      + set.maxDets.map { mean(setting(range: 0, limit: $0).recall.flatMap { $0 }) }
      + sizes.map { mean($0.recall.flatMap { $0 }) }
  }

  /// Average precision of each class that counts, by id.
  var perClass: [Double] {
    let all = setting(range: 0, limit: set.maxDets[2])
    return categories.indices.map { category in
      mean(all.precision.flatMap { $0.map { $0[category] } })
    }
  }

  private typealias Setting = (precision: [[[Double]]], recall: [[Double]])

  /// `precision[threshold][recall][class]`, `recall[threshold][class]`.
  private func setting(range: Int, limit: Int) -> Setting {
    var result: Setting = ([], [])
    for threshold in thresholds {
      let columns = categories.map { curve($0, threshold, Self.ranges[range], limit) }
      result.precision.append((0...100).map { recall in columns.map { $0.precision[recall] } })
      result.recall.append(columns.map(\.recall))
    }
    return result
  }

  private func curve(
    _ category: Int, _ threshold: Double, _ range: (Double, Double), _ limit: Int
  ) -> (precision: [Double], recall: Double) {
    var marks: [(score: Double, isRight: Bool)] = []
    var wanted = 0
    for image in images {
      let truths = set.truths.filter { $0.image == image && $0.category == category }
      let ignored = truths.map { $0.isCrowd || $0.area < range.0 || $0.area > range.1 }
      wanted += ignored.count { !$0 }
      let order = truths.indices.filter { !ignored[$0] } + truths.indices.filter { ignored[$0] }
      let found = set.results.filter { $0.image == image && $0.category == category }
      let best = stable(found.map(\.score)).prefix(set.maxDets[2]).map { found[$0] }
      var taken: Set<Int> = []
      for (rank, result) in best.enumerated() {
        var (most, match) = (min(threshold, 1 - 1e-10), Int?.none)
        for truth in order where !taken.contains(truth) || truths[truth].isCrowd {
          if let match, !ignored[match], ignored[truth] { break }
          let overlap = overlap(result, truths[truth])
          if overlap >= most { (most, match) = (overlap, truth) }
        }
        if let match { taken.insert(match) }
        let area = set.hasMasks ? Double(result.bitmap.area) : result.box[2] * result.box[3]
        let isMatched = match.map { truths[$0].id != 0 } ?? false
        let isIgnored = match.map { ignored[$0] } ?? false
        if rank >= limit || isIgnored || (!isMatched && (area < range.0 || area > range.1)) { continue }
        marks.append((result.score, isMatched))
      }
    }
    guard wanted > 0 else { return ([Double](repeating: -1, count: 101), -1) }
    var points: [(precision: Double, recall: Double)] = []
    var (right, wrong) = (0.0, 0.0)
    for index in stable(marks.map(\.score)) {
      if marks[index].isRight { right += 1 } else { wrong += 1 }
      points.append((right / (wrong + right + Double.ulpOfOne), right / Double(wanted)))
    }
    for index in points.indices.reversed().dropFirst() {
      points[index].precision = max(points[index].precision, points[index + 1].precision)
    }
    let precision = (0...100).map { step -> Double in
      let recall = step == 100 ? 1 : Double(step) * 0.01
      return points.first { $0.recall >= recall }?.precision ?? 0
    }
    return (precision, points.last?.recall ?? 0)
  }

  /// Places by falling score, equal ones as they come.
  private func stable(_ scores: [Double]) -> [Int] {
    scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
  }

  private func overlap(_ result: GeneratedEvaluation.Object, _ truth: GeneratedEvaluation.Object) -> Double {
    if set.hasMasks {
      let (a, b) = (result.bitmap.pixels, truth.bitmap.pixels)
      let shared = zip(a, b).count { $0 != 0 && $1 != 0 }
      let whole = truth.isCrowd ? result.bitmap.area : zip(a, b).count { $0 != 0 || $1 != 0 }
      return shared == 0 ? 0 : Double(shared) / Double(whole)
    }
    let (a, b) = (result.box, truth.box)
    let width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    let height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    guard width > 0, height > 0 else { return 0 }
    let shared = width * height
    return shared / (truth.isCrowd ? a[2] * a[3] : a[2] * a[3] + b[2] * b[3] - shared)
  }

  /// The mean of what is not -1, summed as numpy sums: eight running sums over at most 128, halves joined.
  private func mean(_ values: [Double]) -> Double {
    let known = values.filter { $0 > -1 }
    return known.isEmpty ? -1 : sum(known) / Double(known.count)
  }

  private func sum(_ values: [Double]) -> Double {
    if values.count < 8 { return values.reduce(0, +) }
    if values.count > 128 {
      let half = values.count / 2 - values.count / 2 % 8
      return sum(Array(values.prefix(half))) + sum(Array(values.dropFirst(half)))
    }
    var sums = Array(values.prefix(8))
    let whole = values.count - values.count % 8
    for index in 8..<max(8, whole) { sums[index % 8] += values[index] }
    let joined =
      ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
    return values.dropFirst(whole).reduce(joined, +)
  }
}
