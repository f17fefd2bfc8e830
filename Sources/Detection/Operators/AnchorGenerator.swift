import Foundation
import Imaging
import Masks
import Tensors

/// Boxes of fixed sizes and shapes at every cell of every level (mmdetection's `AnchorGenerator`).
///
/// Ren et al., arXiv:1506.01497, section 3.1.1. A base anchor of scale s and ratio r (height over width) at stride t
/// is centred at 0, t · s / sqrt(r) wide and t · s · sqrt(r) high; ratios go outside, scales inside.
///
/// `TorchvisionAnchorGenerator` is that of torchvision's detectors: the sides of base anchors are rounded, and two
/// neighbours are as far apart as the image's side over the map's, rounded down.
public struct AnchorGenerator: Decodable, Sendable {
  private enum Kind: String, Decodable, CaseIterable {
    case generator = "AnchorGenerator"
    case torchvision = "TorchvisionAnchorGenerator"
  }

  /// Pixels of the image per cell, the finest level first.
  public let strides: [Int]
  /// Heights over widths.
  public let ratios: [Float]
  /// Sides over strides.
  public let scales: [Float]
  /// Whether it is torchvision's.
  private let isTorchvision: Bool

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case strides, ratios, scales
    case octaveBaseScale = "octave_base_scale"
    case scalesPerOctave = "scales_per_octave"
  }

  /// A generator of all combinations of scales and ratios.
  public init(strides: [Int], ratios: [Float], scales: [Float]) {
    require(
      strides.allSatisfy { $0 > 0 } && (ratios + scales).allSatisfy { $0 > 0 },
      "strides \(strides), ratios \(ratios) and scales \(scales) have to be positive")
    (self.strides, self.ratios, self.scales) = (strides, ratios, scales)
    isTorchvision = false
  }

  /// Decodes mmdetection's keys: `scales`, or `octave_base_scale` with `scales_per_octave`.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    isTorchvision = try keys.decodeIfPresent(Kind.self, forKey: .kind) == .torchvision
    strides = try keys.decode([Int].self, forKey: .strides)
    ratios = try keys.decode([Float].self, forKey: .ratios)
    let given = try keys.decodeIfPresent([Float].self, forKey: .scales)
    let base = try keys.decodeIfPresent(Double.self, forKey: .octaveBaseScale)
    let perOctave = try keys.decodeIfPresent(Int.self, forKey: .scalesPerOctave)
    func fault(_ key: CodingKeys, _ text: String) -> DecodingError {
      .dataCorruptedError(forKey: key, in: keys, debugDescription: text)
    }
    if let given {
      guard base == nil, perOctave == nil else {
        throw fault(.scales, "scales and octave_base_scale exclude each other")
      }
      scales = given
    } else if let base, let perOctave {
      guard (1...64).contains(perOctave) else {
        throw fault(.scalesPerOctave, "\(perOctave) is not in 1...64")
      }
      scales = (0..<perOctave).map { Float(base * exp2(Double($0) / Double(perOctave))) }
    } else {
      throw fault(.scales, "scales, or octave_base_scale with scales_per_octave, are missing")
    }
    guard !strides.isEmpty, strides.allSatisfy({ (1...65_536).contains($0) }) else {
      throw fault(.strides, "\(strides) is not a list of strides in 1...65536")
    }
    guard !ratios.isEmpty, ratios.allSatisfy({ (1e-3...1e3).contains($0) }) else {
      throw fault(.ratios, "\(ratios) is not a list of ratios in 0.001...1000")
    }
    guard !scales.isEmpty, scales.allSatisfy({ (1e-3...1e4).contains($0) }) else {
      throw fault(.scales, "\(scales) is not a list of scales in 0.001...10000")
    }
  }

  /// How many anchors each cell has.
  public var anchorsPerCell: Int { ratios.count * scales.count }

  /// The anchors of a cell at (0, 0) of a level.
  public func baseAnchors(level: Int) -> Boxes {
    let stride = Float(strides[level])
    var boxes = Boxes()
    for ratio in ratios {
      let root = ratio.squareRoot()
      for scale in scales {
        var half = SIMD2(stride * (1 / root) * scale, stride * root * scale) * 0.5
        if isTorchvision { half.round(.toNearestOrEven) }
        boxes.append(SIMD4(-half.x, -half.y, half.x, half.y))
      }
    }
    return boxes
  }

  /// The anchors of every level: row by row, within a cell in the order of the base anchors.
  ///
  /// - Parameters:
  ///   - maps: The size of each level's feature map, in cells.
  ///   - image: The size of the batch's images, with padding.
  /// - Returns: `[height · width · anchorsPerCell]` boxes each, in pixels of the image.
  public func anchors(for maps: [ImageSize], image: ImageSize? = nil) -> [Boxes] {
    require(
      maps.count == strides.count, "\(maps.count) levels of features for anchors of \(strides.count) strides")
    return maps.enumerated().map { level, map in
      let base = baseAnchors(level: level)
      let shapes = (0..<base.count).map { base[$0] }
      let step = step(level: level, map: map, image: image)
      let total = 4 * map.height * map.width * shapes.count
      return Boxes(
        [Float](unsafeUninitializedCapacity: total) { buffer, count in
          for row in 0..<map.height {
            for column in 0..<map.width {
              let (x, y) = (Float(column) * step.x, Float(row) * step.y)
              for shape in shapes {
                let box = shape + SIMD4(x, y, x, y)
                for axis in 0..<4 { buffer[count + axis] = box[axis] }
                count += 4
              }
            }
          }
        })
    }
  }

  /// The distance of two neighbours' anchors, in pixels.
  private func step(level: Int, map: ImageSize, image: ImageSize?) -> SIMD2<Float> {
    guard isTorchvision, let image, map.width > 0, map.height > 0 else {
      return SIMD2(repeating: Float(strides[level]))
    }
    return SIMD2(Float(image.width / map.width), Float(image.height / map.height))
  }
}
