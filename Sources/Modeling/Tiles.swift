import Imaging
import Masks

/// How a large image is cut into tiles that overlap, and how what is found in them becomes one: an object that a seam
/// cuts is found on both sides, and both see what lies in the overlap.
public struct Tiles: Sendable {
  /// A part of an image.
  public struct Tile: Sendable, Equatable {
    /// Its first row.
    public var top: Int
    /// Its first column.
    public var left: Int
    /// Its rows and columns.
    public var size: ImageSize
  }

  /// The image.
  public let size: ImageSize
  /// Row by row; each but that of a smaller image has the whole side.
  public let tiles: [Tile]

  /// Objects of one class are one where what both cover of the tiles' overlap has at least this intersection over union.
  static let sameObject: Float = 0.5

  /// Cuts an image.
  ///
  /// - Parameters:
  ///   - size: Of the image, in pixels.
  ///   - side: Rows and columns of a tile, at least 1.
  ///   - overlap: The share of a side that neighbours have in common at least, 0 or more and below 1.
  public init(_ size: ImageSize, side: Int, overlap: Double) {
    let side = max(1, side)
    // Tiles are spread evenly, so that the last one is not a sliver.
    func starts(_ extent: Int) -> [Int] {
      guard extent > side else { return [0] }
      let step = max(1, Int((Double(side) * (1 - overlap)).rounded(.down)))
      let count = 1 + (extent - side + step - 1) / step
      return (0..<count).map { $0 * (extent - side) / (count - 1) }
    }
    self.size = size
    tiles = starts(size.height).flatMap { top in
      starts(size.width).map { left in
        Tile(
          top: top, left: left,
          size: ImageSize(height: min(side, size.height), width: min(side, size.width)))
      }
    }
  }

  /// The objects of the whole image, by falling score.
  ///
  /// - Parameter found: What each tile has, in its own pixels.
  /// - Throws: `MaskError` for masks of another size than their tile.
  public func joined(_ found: [InstancePrediction]) throws -> InstancePrediction {
    var boxes = Boxes()
    var masks: [RunLengthMask] = []
    var owners: [Int] = []
    for (index, (tile, objects)) in zip(tiles, found).enumerated() {
      boxes.append(contentsOf: objects.boxes.shifted(x: Float(tile.left), y: Float(tile.top)))
      owners += [Int](repeating: index, count: objects.labels.count)
      masks += try (objects.masks ?? []).map {
        try $0.placed(row: tile.top, column: tile.left, height: size.height, width: size.width)
      }
    }
    let (scores, labels) = (found.flatMap(\.scores), found.flatMap(\.labels))
    let groups = groups(boxes, labels, owners).map { group in
      group.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
    }.sorted { scores[$0[0]] != scores[$1[0]] ? scores[$0[0]] > scores[$1[0]] : $0[0] < $1[0] }
    let hasMasks = !found.isEmpty && found.allSatisfy { $0.masks != nil }
    var result = InstancePrediction(
      boxes: Boxes(), scores: groups.map { scores[$0[0]] }, labels: groups.map { labels[$0[0]] })
    for group in groups { result.boxes.append(Self.hull(group.map { boxes[$0] })) }
    if hasMasks {
      result.masks = try groups.map { group in
        group.count == 1 ? masks[group[0]] : try RunLengthMask.union(group.map { masks[$0] })
      }
    }
    return result
  }

  /// The objects that are one, as lists of their numbers.
  private func groups(_ boxes: Boxes, _ labels: [Int], _ owners: [Int]) -> [[Int]] {
    var parents = Array(labels.indices)
    func root(_ index: Int) -> Int {
      var index = index
      while parents[index] != index { index = parents[index] }
      return index
    }
    for ofClass in Dictionary(grouping: labels.indices, by: { labels[$0] }).values {
      for (place, first) in ofClass.enumerated() {
        for second in ofClass[(place + 1)...] where owners[first] != owners[second] {
          guard isSame(boxes[first], boxes[second], tiles[owners[first]], tiles[owners[second]]) else {
            continue
          }
          let (a, b) = (root(first), root(second))
          parents[max(a, b)] = min(a, b)
        }
      }
    }
    return Array(Dictionary(grouping: labels.indices, by: root).values)
  }

  /// Whether two boxes agree in what both tiles see.
  private func isSame(_ a: SIMD4<Float>, _ b: SIMD4<Float>, _ first: Tile, _ second: Tile) -> Bool {
    let seen = Self.intersection(first.box, second.box)
    let (a, b) = (Self.intersection(a, seen), Self.intersection(b, seen))
    let shared = Self.area(Self.intersection(a, b))
    guard shared > 0 else { return false }
    return shared / (Self.area(a) + Self.area(b) - shared) >= Self.sameObject
  }

  private static func intersection(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
    SIMD4(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
  }

  private static func area(_ box: SIMD4<Float>) -> Float { max(0, box[2] - box[0]) * max(0, box[3] - box[1]) }

  private static func hull(_ boxes: [SIMD4<Float>]) -> SIMD4<Float> {
    boxes.dropFirst().reduce(boxes[0]) {
      SIMD4(min($0[0], $1[0]), min($0[1], $1[1]), max($0[2], $1[2]), max($0[3], $1[3]))
    }
  }
}

extension Tiles.Tile {
  /// (x1, y1, x2, y2).
  fileprivate var box: SIMD4<Float> {
    SIMD4(Float(left), Float(top), Float(left + size.width), Float(top + size.height))
  }
}
