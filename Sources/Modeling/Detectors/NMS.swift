import CKernels
import Configuration
import Masks
import Tensors

/// Non-maximum suppression: of boxes that overlap much, only the best stays (mmcv's `nms`).
public struct NMS: Decodable, Sendable {
  private enum Kind: String, Decodable, CaseIterable { case nms }

  /// A box with a larger IoU than this with a better one is dropped.
  public let threshold: Float
  /// Whether boxes of different classes suppress each other.
  public let isClassAgnostic: Bool

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case threshold = "iou_threshold"
    case isClassAgnostic = "class_agnostic"
  }

  /// A suppression above the given IoU.
  public init(threshold: Float, isClassAgnostic: Bool = false) {
    (self.threshold, self.isClassAgnostic) = (threshold, isClassAgnostic)
  }

  /// Decodes mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Kind.self, forKey: .kind)
    threshold = try keys.decode(Float.self, forKey: .threshold, in: 0...1)
    isClassAgnostic = try keys.decodeIfPresent(Bool.self, forKey: .isClassAgnostic) ?? false
  }

  /// The boxes that stay, by falling score, of equal ones the lower number first.
  public func callAsFunction(_ boxes: Boxes, scores: [Float]) -> [Int] {
    require(boxes.count == scores.count, "\(boxes.count) boxes and \(scores.count) scores")
    return suppressed(boxes, order: Self.order(scores.indices, scores))
  }

  /// The boxes that stay when only boxes of one group suppress each other, by falling score over all groups.
  public func batched(_ boxes: Boxes, scores: [Float], groups: [Int]) -> [Int] {
    require(
      boxes.count == scores.count && boxes.count == groups.count,
      "\(boxes.count) boxes, \(scores.count) scores and \(groups.count) groups")
    guard !isClassAgnostic else { return self(boxes, scores: scores) }
    // mmcv moves the groups apart and suppresses once, which costs bits of the coordinates.
    let kept = Dictionary(grouping: groups.indices) { groups[$0] }.values.flatMap {
      suppressed(boxes, order: Self.order($0, scores))
    }
    return Self.order(kept, scores)
  }

  private static func order(_ indices: some Sequence<Int>, _ scores: [Float]) -> [Int] {
    indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
  }

  private func suppressed(_ boxes: Boxes, order: [Int]) -> [Int] {
    let sorted = boxes[order]
    let areas = order.indices.map { sorted.area($0) }
    var dropped = [UInt8](repeating: 0, count: order.count)
    var kept: [Int] = []
    sorted.values.withUnsafeBufferPointer { values in
      areas.withUnsafeBufferPointer { areas in
        dropped.withUnsafeMutableBufferPointer { dropped in
          guard let values = values.baseAddress, let areas = areas.baseAddress,
            let flags = dropped.baseAddress
          else { return }
          for place in order.indices where flags[place] == 0 {
            kept.append(order[place])
            let next = place + 1
            dp_box_suppress(
              values + 4 * place, values + 4 * next, areas + next, Int64(order.count - next), threshold,
              flags + next)
          }
        }
      }
    }
    return kept
  }
}

/// Boxes with scores and classes, by falling score.
public struct Detections: Sendable, Equatable {
  /// In pixels.
  public var boxes: Boxes
  /// 0 ... 1.
  public var scores: [Float]
  /// Class numbers, from 0.
  public var labels: [Int]
}

/// The best boxes of all classes (mmdetection's `multiclass_nms`).
///
/// - Parameters:
///   - boxes: For each region a box of each class, `[R · classes]`, or one for all, `[R]`.
///   - scores: `[R, classes]`, without the background.
///   - classes: How many there are, without the background.
///   - scoreThreshold: Scores have to be larger.
///   - nms: Among the boxes of one class, or of all where it is class-agnostic.
///   - limit: How many are kept at most; negative: all.
public func multiclassNMS(
  _ boxes: Boxes, scores: [Float], classes: Int, scoreThreshold: Float, nms: NMS, limit: Int
) -> Detections {
  require(
    boxes.count == scores.count || boxes.count * classes == scores.count,
    "\(boxes.count) boxes for scores [\(scores.count / max(1, classes)), \(classes)]")
  let candidates = scores.indices.filter { scores[$0] > scoreThreshold }
  let hasOwnBoxes = boxes.count == scores.count
  let chosen = boxes[candidates.map { hasOwnBoxes ? $0 : $0 / classes }]
  let chosenScores = candidates.map { scores[$0] }
  let labels = candidates.map { $0 % classes }
  let kept = nms.batched(chosen, scores: chosenScores, groups: labels)
  let best = limit < 0 ? kept : Array(kept.prefix(limit))
  return Detections(
    boxes: chosen[best], scores: best.map { chosenScores[$0] }, labels: best.map { labels[$0] })
}
