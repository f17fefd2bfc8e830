import Files
import Foundation

/// The receptive fields of one backbone with several sets of weights, beside each other.
public struct ReceptiveFieldReport: Sendable, Encodable {
  /// The field with one set of weights.
  public struct Entry: Sendable, Encodable {
    /// The checkpoint's file; nil: the initial values.
    public var checkpoint: String?
    /// Pixels a side of the square that holds each share, by the scaling of the map; 0 where none does.
    public var side: [String: [Int]]
    /// Those squares as parts of the map's area.
    public var area: [String: [Double]]
    /// The field itself.
    public let field: ReceptiveField

    enum CodingKeys: String, CodingKey { case checkpoint, side, area }

    /// Where the weights are from, for titles.
    public var name: String { checkpoint ?? "initial values" }
  }

  /// How many images the mean is over.
  public let images: Int
  /// Height and width of the maps in pixels, padding included.
  public let shape: [Int]
  /// Whether the map was taken behind the norm with which it is returned.
  public let isNormalized: Bool
  /// The shares of the sum.
  public let thresholds: [Double]
  /// In the order in which they were added.
  public private(set) var fields: [Entry] = []

  enum CodingKeys: String, CodingKey {
    case images, shape, thresholds, fields
    case isNormalized = "norm"
  }

  /// A report without fields yet.
  ///
  /// - Parameters:
  ///   - images: How many each field is the mean over.
  ///   - shape: Height and width of the maps, in pixels, padding included.
  ///   - isNormalized: Whether the maps are taken behind the norm with which they are returned.
  ///   - thresholds: The shares of a map's sum whose squares are measured, 0 ... 1.
  public init(images: Int, shape: [Int], isNormalized: Bool, thresholds: [Double]) {
    (self.images, self.shape, self.isNormalized, self.thresholds) = (images, shape, isNormalized, thresholds)
  }

  /// Adds the field with the weights of a checkpoint; nil: the initial values.
  public mutating func add(_ field: ReceptiveField, checkpoint: String?) {
    var entry = Entry(checkpoint: checkpoint, side: [:], area: [:], field: field)
    for scaling in ReceptiveField.Scaling.allCases {
      let extents = field.extents(scaling, shares: thresholds)
      entry.side[scaling.rawValue] = extents.map(\.side)
      entry.area[scaling.rawValue] = extents.map(\.area)
    }
    fields.append(entry)
  }

  /// A table for the terminal: rows are weights and scalings, columns shares.
  public func text() -> String {
    var table = TextTable([.left(), .left()] + thresholds.map { _ in .right(14) })
    table.rows = [["weights", "map"] + thresholds.map { String(format: "%g %%", 100 * $0) }]
    for field in fields {
      for (index, scaling) in ReceptiveField.Scaling.allCases.enumerated() {
        let (sides, areas) = (field.side[scaling.rawValue] ?? [], field.area[scaling.rawValue] ?? [])
        table.rows.append(
          [index == 0 ? field.name.printed : "", scaling.rawValue]
            + zip(sides, areas).map { side, area in
              side == 0 ? "-" : "\(side) (" + String(format: "%.2f", 100 * area) + " %)"
            })
      }
    }
    let head =
      "effective receptive field of \(images) image\(images == 1 ? "" : "s") of \(shape[0]) x \(shape[1]) pixels: "
      + "side (area) of the square that holds a share of the map"
    return head + "\n" + table.text
  }
}
