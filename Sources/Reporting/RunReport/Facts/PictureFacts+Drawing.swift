import Classification
import Data
import Foundation
import Imaging
import Masks
import Modeling

extension PictureFacts {
  /// Pixels of the longest side, bytes of a picture and of its outlines, and objects of one at most.
  private static let (side, mostBytes, mostText, mostObjects) = (640, 60_000, 60_000, 100)
  /// Objects whose masks are outlined; of the others the box tells enough.
  private static let mostMasks = 40

  /// Draws an image's file small, and what is over it.
  ///
  /// - Throws: `ImagingError` that names the file.
  init(
    of prediction: Prediction, for sample: Sample, name: String, kinds: [String], score: Double,
    scoreThreshold: Float
  ) throws {
    let file = try Image.decode(file: sample.imagePath)
    let picture = file.fitting(Self.side)
    self.kinds = kinds
    self.score = score
    self.name = name
    (width, height) = (picture.width, picture.height)
    var bytes: [UInt8] = []
    for quality in [85, 70, 50, 30] {
      bytes = try picture.encodedJPEG(quality: quality)
      if bytes.count <= Self.mostBytes { break }
    }
    jpeg = Foundation.Data(bytes)
    let scale = Float(width) / Float(max(1, file.width))
    if let found = prediction.instances {
      draw(found, sample.annotations, file, scale, scoreThreshold)
    }
    if let map = prediction.labelMap { draw(map, sample, file) }
    if let scores = prediction.classScores {
      trueClass = sample.classLabel
      best = ClassRanking.best(5, in: scores).map { Shape(label: $0, score: scores[$0]) }
    }
  }

  private mutating func draw(
    _ found: InstancePrediction, _ truth: [InstanceAnnotation], _ file: Image, _ scale: Float,
    _ scoreThreshold: Float
  ) {
    func box(_ box: SIMD4<Float>) -> [Int] {
      (0..<4).map { index in
        let value = (box[index] * scale).rounded()
        return value.isFinite ? Int(min(max(value, 0), Float(index.isMultiple(of: 2) ? width : height))) : 0
      }
    }
    func outline(_ mask: Bitmap) -> String? {
      let (rows, columns) = (max(1, height / 2), max(1, width / 2))
      let small = mask.resizedNearest(height: rows, width: columns)
      let path = PixelOutlines(height: rows, width: columns) { small.pixels[$0 * columns + $1] != 0 }.path
      return path.isEmpty ? nil : path
    }
    // Shown from the score that people look at; the slider goes down to half of that.
    let least = scoreThreshold / 2
    let matches = ObjectMatches(truth, found, scoreThreshold: scoreThreshold)
    let partner = Dictionary(matches.pairs.map { ($0.found, $0.truth) }) { first, _ in first }
    let missed = Set(matches.missed)
    let shown = found.scores.indices.filter { found.scores[$0] >= least }
      .sorted { found.scores[$0] > found.scores[$1] }.prefix(Self.mostObjects)
    var text = 0
    func path(_ number: Int, _ mask: () -> Bitmap?) -> String? {
      guard number < Self.mostMasks, text < Self.mostText, let bitmap = mask() else { return nil }
      let path = outline(bitmap)
      text += path?.utf8.count ?? 0
      return path
    }
    predictions = shown.enumerated().map { number, index in
      let object = partner[index].map { truth[$0] }
      let isRight = object?.label == found.labels[index]
      return Shape(
        label: found.labels[index], trueLabel: isRight ? nil : object?.label, score: found.scores[index],
        outcome: found.scores[index] < scoreThreshold
          ? nil : object == nil ? .vain : isRight ? .right : .swapped,
        box: box(found.boxes[index]), path: path(number) { found.masks?[index].bitmap })
    }
    text = 0
    truths = truth.indices.filter { !truth[$0].isIgnored }.prefix(Self.mostObjects).enumerated().map {
      number, index in
      Shape(
        label: truth[index].label, outcome: missed.contains(index) ? .missed : nil,
        box: box(truth[index].box),
        path: path(number) {
          (try? truth[index].mask?.mask(height: file.height, width: file.width, keepsPolygons: false))?.bitmap
        })
    }
  }

  private mutating func draw(_ map: LabelMap, _ sample: Sample, _ file: Image) {
    // Coarser where the outlines would be larger than the picture.
    for factor in [2, 4, 8] {
      let (rows, columns) = (max(1, height / factor), max(1, width / factor))
      let found = map.resizedNearest(height: rows, width: columns).pixels
      let label = sample.labelMap?.resizedNearest(height: rows, width: columns).pixels ?? []
      func shapes(_ pixels: [Int32]) -> [Shape] {
        Set(pixels).sorted().filter { $0 >= 0 && $0 != sample.labels.ignored }.map { value in
          Shape(
            label: Int(value),
            path: PixelOutlines(height: rows, width: columns) { pixels[$0 * columns + $1] == value }.path)
        }
      }
      predictions = shapes(found)
      truths = shapes(label)
      if label.count == found.count {
        let ignored = sample.labels.ignored
        wrong =
          PixelOutlines(height: rows, width: columns) { y, x in
            let truth = label[y * columns + x]
            return truth != ignored && truth != found[y * columns + x]
          }.path
      }
      outlineScale = factor
      let text = (predictions + truths).reduce(wrong?.utf8.count ?? 0) { $0 + ($1.path?.utf8.count ?? 0) }
      if text <= Self.mostText { break }
    }
  }
}

/// Chooses the images to show: the worst, the best, and some drawn at random, always the same of the same data.
struct PictureChoice {
  /// An image; its pixels are read again when it is drawn.
  struct Candidate {
    var score: Double
    var lot: UInt64
    var prediction: Prediction
    var sample: Sample
  }

  static let (worst, random, best) = (24, 12, 12)
  private var worst: [Candidate] = []
  private var random: [Candidate] = []
  private var best: [Candidate] = []

  mutating func add(_ prediction: Prediction, for sample: Sample, score: Double) {
    // Steele et al., "Fast splittable pseudorandom number generators", 2014: the mixing of a counter.
    var lot = UInt64(bitPattern: Int64(sample.index)) &+ 0x9E37_79B9_7F4A_7C15
    lot = (lot ^ (lot >> 30)) &* 0xBF58_476D_1CE4_E5B9
    lot = (lot ^ (lot >> 27)) &* 0x94D0_49BB_1331_11EB
    lot ^= lot >> 31
    var kept = sample
    (kept.image, kept.instances, kept.variants) = (nil, nil, [])
    let candidate = Candidate(score: score, lot: lot, prediction: prediction, sample: kept)
    Self.insert(candidate, into: &worst, most: Self.worst) { $0.score < $1.score }
    Self.insert(candidate, into: &best, most: Self.best) { $0.score > $1.score }
    Self.insert(candidate, into: &random, most: Self.random) { $0.lot < $1.lot }
  }

  private static func insert(
    _ candidate: Candidate, into list: inout [Candidate], most: Int, before: (Candidate, Candidate) -> Bool
  ) {
    if list.count == most, let last = list.last, !before(candidate, last) { return }
    list.insert(candidate, at: list.firstIndex { before(candidate, $0) } ?? list.count)
    if list.count > most { list.removeLast() }
  }

  /// Each image once, with all that it was chosen for.
  var chosen: [(candidate: Candidate, kinds: [String])] {
    var result: [(candidate: Candidate, kinds: [String])] = []
    for (kind, list) in [("worst", worst), ("random", random), ("best", best)] {
      for candidate in list {
        if let place = result.firstIndex(where: { $0.candidate.sample.index == candidate.sample.index }) {
          result[place].kinds.append(kind)
        } else {
          result.append((candidate, [kind]))
        }
      }
    }
    return result
  }
}
