import CKernels
import Configuration
import Data
import Masks
import Tensors

/// Which object each of many boxes is to find.
public struct Assignment: Sendable, Equatable {
  /// -1: takes no part; 0: background; i: object i - 1.
  public var numbers: [Int32]
  /// The largest overlap of each box with any object; -1 for boxes on ignored regions.
  public var overlaps: [Float]

  /// What became of so many boxes.
  public init(numbers: [Int32], overlaps: [Float]) {
    require(
      numbers.count == overlaps.count, "\(numbers.count) numbers and \(overlaps.count) overlaps of boxes")
    (self.numbers, self.overlaps) = (numbers, overlaps)
  }

  /// The object that a positive box is to find.
  public func truth(of box: Int) -> Int {
    require(numbers[box] > 0, "box \(box) has no object")
    return Int(numbers[box]) - 1
  }

  /// With the objects themselves in front, each assigned to itself.
  public func prependingTruths(_ truth: Instances) -> Assignment {
    Assignment(
      numbers: (0..<truth.count).map { Int32($0) + 1 } + numbers,
      overlaps: [Float](repeating: 1, count: truth.count) + overlaps)
  }
}

/// Gives boxes to the objects they overlap most (mmdetection's `MaxIoUAssigner`).
///
/// Objects are taken one after the other, so memory does not grow with their number.
public struct MaxIoUAssigner: Decodable, Sendable {
  private enum Kind: String, Decodable, CaseIterable { case assigner = "MaxIoUAssigner" }

  /// From this overlap on, a box is its object's.
  public let positiveThreshold: Float
  /// Between these overlaps, the second excluded, a box is background.
  public let negativeRange: Range<Float>
  /// The least overlap with which an object takes the boxes that fit it best.
  public let lowQualityThreshold: Float
  /// Whether each object takes the boxes that fit it best, though they fit badly.
  public let matchesLowQuality: Bool
  /// Boxes with more of their area than this on an ignored region take no part; 0 and less: all do.
  public let ignoreThreshold: Float

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case positiveThreshold = "pos_iou_thr"
    case negativeThreshold = "neg_iou_thr"
    case lowQualityThreshold = "min_pos_iou"
    case matchesLowQuality = "match_low_quality"
    case ignoreThreshold = "ignore_iof_thr"
  }

  /// An assigner of the given thresholds.
  public init(
    positiveThreshold: Float, negativeRange: Range<Float>, lowQualityThreshold: Float = 0,
    matchesLowQuality: Bool = true, ignoreThreshold: Float = -1
  ) {
    self.positiveThreshold = positiveThreshold
    self.negativeRange = negativeRange
    self.lowQualityThreshold = lowQualityThreshold
    self.matchesLowQuality = matchesLowQuality
    self.ignoreThreshold = ignoreThreshold
  }

  /// Decodes mmdetection's keys; `neg_iou_thr` is a number or a pair.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Kind.self, forKey: .kind)
    positiveThreshold = try keys.decode(Float.self, forKey: .positiveThreshold, in: 0...1)
    if (try? keys.decode(Float.self, forKey: .negativeThreshold)) != nil {
      negativeRange = 0..<(try keys.decode(Float.self, forKey: .negativeThreshold, in: 0...1))
    } else {
      let pair = try keys.decode([Float].self, forKey: .negativeThreshold)
      guard pair.count == 2, 0 <= pair[0], pair[0] <= pair[1], pair[1] <= 1 else {
        throw keys.refusal(
          "a number in 0...1, or a rising pair of them, is needed; got \(pair)", forKey: .negativeThreshold)
      }
      negativeRange = pair[0]..<pair[1]
    }
    lowQualityThreshold = try keys.decodeIfPresent(Float.self, forKey: .lowQualityThreshold, in: 0...1) ?? 0
    matchesLowQuality = try keys.decodeIfPresent(Bool.self, forKey: .matchesLowQuality) ?? true
    ignoreThreshold = try keys.decodeIfPresent(Float.self, forKey: .ignoreThreshold, in: -1...1) ?? -1
  }

  /// Gives each box to an object of the truth, to the background, or to none. Ignored objects are regions on which
  /// boxes take no part.
  public func assign(_ boxes: Boxes, to truth: Instances) -> Assignment {
    let objects = (0..<truth.count).filter { !truth.isIgnored[$0] }
    let count = boxes.count
    guard !objects.isEmpty, count > 0 else {
      return Assignment(
        numbers: [Int32](repeating: 0, count: count), overlaps: [Float](repeating: 0, count: count))
    }
    let hidden = boxesOnIgnored(boxes, truth)
    var best = [Float](repeating: -.infinity, count: count)
    var which = [Int32](repeating: 0, count: count)
    var lowQuality = [Int32](repeating: 0, count: count)
    var row = [Float](repeating: 0, count: count)
    for object in objects {
      dp_box_overlaps(truth.boxes[[object]].values, 1, boxes.values, Int64(count), 0, &row)
      if let hidden { dp_overlap_hide(hidden, Int64(count), &row) }
      let number = Int32(object) + 1
      let largest = dp_overlap_update(row, Int64(count), number, &best, &which)
      if matchesLowQuality, largest >= lowQualityThreshold {
        dp_overlap_mark(row, Int64(count), largest, number, &lowQuality)
      }
    }
    let numbers = best.indices.map { index -> Int32 in
      if lowQuality[index] > 0 { return lowQuality[index] }
      if best[index] >= positiveThreshold { return which[index] }
      return negativeRange.contains(best[index]) ? 0 : -1
    }
    return Assignment(numbers: numbers, overlaps: best)
  }

  /// 1 for each box that lies on an ignored region, or nil when none does.
  private func boxesOnIgnored(_ boxes: Boxes, _ truth: Instances) -> [UInt8]? {
    let ignored = truth.boxes[(0..<truth.count).filter { truth.isIgnored[$0] }]
    guard ignoreThreshold > 0, !ignored.isEmpty else { return nil }
    // One region after the other, as objects are taken.
    var hidden = [UInt8](repeating: 0, count: boxes.count)
    for region in 0..<ignored.count {
      let shares = Boxes.iof(boxes, ignored[[region]])
      for box in hidden.indices where shares[box] > ignoreThreshold { hidden[box] = 1 }
    }
    return hidden
  }
}
