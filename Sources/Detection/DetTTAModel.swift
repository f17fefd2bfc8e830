import Configuration
import Data
import Masks
import Modeling

/// Merges the objects that a detector finds in several variants of an image (mmdetection's `DetTTAModel`): boxes go back
/// to the image's own place, and of all variants together the best stay. A box that stays keeps the soft mask of the
/// variant that it was found in; mmdetection has no masks here.
public struct DetTTAModel: TestTimeAugmentation {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    /// `tta_cfg`.
    struct Selection: Decodable, Sendable {
      var nms: NMS
      var limit: Int

      enum CodingKeys: String, CodingKey {
        case nms
        case limit = "max_per_img"
      }

      init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        nms = try keys.decode(NMS.self, forKey: .nms)
        limit = try keys.decode(Int.self, forKey: .limit, in: 1...1_000_000)
      }
    }

    var selection: Selection

    enum CodingKeys: String, CodingKey { case selection = "tta_cfg" }
  }

  private let selection: Configuration.Selection

  init(_ configuration: Configuration) { selection = configuration.selection }

  /// The objects of the image, in pixels of its file.
  ///
  /// - Throws: `DataError` when the model is no detector; the model's own errors.
  public func predict(_ variants: [Sample], by model: any Model) throws -> Prediction {
    guard let first = variants.first else { return Prediction() }
    guard let detector = model as? any ScoringModel<InstanceScores> else {
      throw DataError(
        file: first.imagePath,
        "DetTTAModel merges the objects of a detector, and the model is none: SegTTAModel merges segmentors'")
    }
    return try predict(first, variants, by: detector)
  }

  private func predict<Detector: ScoringModel<InstanceScores>>(
    _ first: Sample, _ variants: [Sample], by detector: Detector
  ) throws -> Prediction {
    // One variant at a time: they differ in size, and memory is that of the largest.
    let found = try variants.map { variant in
      guard let scores = try detector.scores([variant]).first else {
        throw DataError(file: variant.imagePath, "the model predicted nothing")
      }
      return variant.isFlipped ? scores.flippedHorizontally(width: variant.originalSize.width) : scores
    }
    return try detector.decide(merged(found), for: first)
  }

  /// The best of all objects, of which equals that overlap are one.
  func merged(_ variants: [InstanceScores]) -> InstanceScores {
    let all = InstanceScores(joining: variants)
    let kept = selection.nms.batched(all.boxes, scores: all.scores, groups: all.labels)
    return all[Array(kept.prefix(selection.limit))]
  }
}

extension InstanceScores {
  /// All objects, one list after the other.
  fileprivate init(joining lists: [InstanceScores]) {
    var boxes = Boxes()
    for list in lists { boxes.append(contentsOf: list.boxes) }
    let masks = lists.compactMap(\.masks)
    self.init(
      boxes: boxes, scores: lists.flatMap(\.scores), labels: lists.flatMap(\.labels),
      masks: masks.count == lists.count
        ? masks.first.map { SoftMasks(side: $0.side, probabilities: masks.flatMap(\.probabilities)) } : nil)
  }

  /// Some of the objects.
  fileprivate subscript(indices: [Int]) -> InstanceScores {
    InstanceScores(
      boxes: boxes[indices], scores: indices.map { scores[$0] }, labels: indices.map { labels[$0] },
      masks: masks.map { masks in
        let size = masks.side * masks.side
        return SoftMasks(
          side: masks.side,
          probabilities: indices.flatMap { masks.probabilities[$0 * size..<($0 + 1) * size] })
      })
  }

  /// The objects of the mirrored image.
  fileprivate func flippedHorizontally(width: Int) -> InstanceScores {
    var result = self
    result.boxes = boxes.flippedHorizontally(width: Float(width))
    if let masks {
      var mirrored = masks
      for row in stride(from: 0, to: masks.probabilities.count, by: masks.side) {
        mirrored.probabilities[row..<row + masks.side].reverse()
      }
      result.masks = mirrored
    }
    return result
  }
}
