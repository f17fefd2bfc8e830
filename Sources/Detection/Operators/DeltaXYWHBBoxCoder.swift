import Configuration
import Foundation
import Imaging
import Masks
import Tensors

/// Boxes as differences from other boxes (mmdetection's `DeltaXYWHBBoxCoder`).
///
/// Girshick et al., arXiv:1311.2524, appendix C: dx = (gx - px) / pw, dw = log(gw / pw), likewise for y and h;
/// then (d - mean) / deviation.
public struct DeltaXYWHBBoxCoder: Decodable, Sendable {
  private enum Kind: String, Decodable, CaseIterable { case coder = "DeltaXYWHBBoxCoder" }

  /// Of dx, dy, dw, dh.
  public let means: SIMD4<Float>
  /// Of dx, dy, dw, dh.
  public let deviations: SIMD4<Float>
  /// Whether decoded boxes are cut to the image.
  public let clipsToBorder: Bool

  /// Sides change by at most this factor, or its inverse, when boxes are decoded.
  static let largestRatio = Float(abs(log(16.0 / 1000)))

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case means = "target_means"
    case deviations = "target_stds"
    case clipsToBorder = "clip_border"
  }

  /// A coder of the given normalisation.
  public init(
    means: SIMD4<Float> = .zero, deviations: SIMD4<Float> = .one, clipsToBorder: Bool = true
  ) {
    (self.means, self.deviations, self.clipsToBorder) = (means, deviations, clipsToBorder)
  }

  /// Decodes mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Kind.self, forKey: .kind)
    func four(_ key: CodingKeys, default value: SIMD4<Float>) throws -> SIMD4<Float> {
      guard let numbers = try keys.decodeIfPresent([Float].self, forKey: key) else { return value }
      guard numbers.count == 4 else {
        throw keys.refusal("four numbers are needed, for dx, dy, dw, dh; got \(numbers)", forKey: key)
      }
      guard numbers.allSatisfy({ (-1e6...1e6).contains($0) }) else {
        throw keys.refusal("\(numbers) is not a list of numbers in -1000000...1000000", forKey: key)
      }
      return SIMD4(numbers)
    }
    means = try four(.means, default: .zero)
    deviations = try four(.deviations, default: .one)
    clipsToBorder = try keys.decodeIfPresent(Bool.self, forKey: .clipsToBorder) ?? true
    guard (deviations .>= 1e-6) == SIMDMask(repeating: true) else {
      throw keys.refusal("deviations have to be positive, 1e-06 or more", forKey: .deviations)
    }
  }

  /// What brings each box to its target.
  ///
  /// - Returns: dx, dy, dw, dh of each pair, `[boxes.count, 4]`.
  public func encode(_ boxes: Boxes, _ targets: Boxes) -> [Float] {
    require(boxes.count == targets.count, "\(boxes.count) boxes and \(targets.count) targets")
    var deltas: [Float] = []
    deltas.reserveCapacity(boxes.values.count)
    for index in 0..<boxes.count {
      let (box, target) = (boxes[index], targets[index])
      let size = box.highHalf - box.lowHalf
      let targetSize = target.highHalf - target.lowHalf
      let shift = ((target.lowHalf + target.highHalf) * 0.5 - (box.lowHalf + box.highHalf) * 0.5) / size
      let growth = targetSize / size
      let delta = SIMD4(shift.x, shift.y, log(growth.x), log(growth.y))
      let normalised = (delta - means) / deviations
      for axis in 0..<4 { deltas.append(normalised[axis]) }
    }
    return deltas
  }

  /// The boxes that deltas bring given boxes to.
  ///
  /// - Parameters:
  ///   - boxes: (x1, y1, x2, y2), in pixels.
  ///   - deltas: dx, dy, dw, dh for each box, `[boxes.count, 4]`.
  ///   - size: Decoded boxes are cut to an image of this size, in pixels.
  public func decode(_ boxes: Boxes, deltas: [Float], clippedTo size: ImageSize? = nil) -> Boxes {
    require(
      deltas.count == boxes.values.count,
      "\(deltas.count) deltas for \(boxes.count) boxes; four each are needed")
    var decoded = Boxes([Float](repeating: 0, count: deltas.count))
    for index in 0..<boxes.count {
      let box = boxes[index]
      let at = 4 * index
      let delta = SIMD4(deltas[at], deltas[at + 1], deltas[at + 2], deltas[at + 3]) * deviations + means
      let extent = box.highHalf - box.lowHalf
      let centre = (box.lowHalf + box.highHalf) * 0.5 + extent * delta.lowHalf
      let limit = SIMD2(repeating: Self.largestRatio)
      let growth = delta.highHalf.clamped(lowerBound: -limit, upperBound: limit)
      let half = extent * SIMD2(exp(growth.x), exp(growth.y)) * 0.5
      decoded[index] = SIMD4(lowHalf: centre - half, highHalf: centre + half)
    }
    guard clipsToBorder, let size else { return decoded }
    return decoded.clipped(width: Float(size.width), height: Float(size.height))
  }

  /// The same with gradients to the deltas, `[boxes.count, 4]`; boxes are not cut to an image.
  ///
  /// - Returns: (x1, y1, x2, y2) of each box, `[boxes.count, 4]`.
  public func decode(_ boxes: Boxes, deltas: Tensor) -> Tensor {
    require(deltas.shape == [boxes.count, 4], "deltas \(deltas.shape) for \(boxes.count) boxes")
    func pairs(_ pair: (SIMD4<Float>) -> SIMD2<Float>) -> Tensor {
      Tensor(
        (0..<boxes.count).flatMap { index -> [Float] in
          let both = pair(boxes[index])
          return [both.x, both.y]
        }, shape: [boxes.count, 2])
    }
    func row(_ numbers: SIMD4<Float>) -> Tensor {
      Tensor([numbers[0], numbers[1], numbers[2], numbers[3]], shape: [1, 4])
    }
    let plain = deltas * row(deviations) + row(means)
    let extents = pairs { $0.highHalf - $0.lowHalf }
    let centres =
      pairs { ($0.lowHalf + $0.highHalf) * 0.5 } + extents * plain.sliced(axis: 1, from: 0, to: 2)
    let growth = plain.sliced(axis: 1, from: 2, to: 4).clamped(to: -Self.largestRatio...Self.largestRatio)
    let halves = extents * growth.exp() * 0.5
    return concatenated([centres - halves, centres + halves], axis: 1)
  }
}
