import Data
import Imaging

/// Pixels and images of each class of label maps.
public struct LabelMapStatistics: Sendable, Encodable {
  /// A class.
  public struct Row: Sendable, Encodable {
    /// Its name.
    public var name: String
    /// Its pixels, and the label maps with one.
    public var pixels = 0, images = 0
    /// Of the pixels of all classes.
    public var share = 0.0
  }

  /// Label maps that were read.
  public private(set) var maps: Int
  /// By class.
  public private(set) var classes: [Row]
  /// Pixels that losses and metrics leave out, and their share of all.
  public private(set) var ignoredPixels = 0
  /// Of all pixels.
  public private(set) var ignoredShare = 0.0
  /// Pixels whose number is no class; training stops there.
  public private(set) var strayPixels = 0

  enum CodingKeys: String, CodingKey {
    case maps, classes
    case ignoredPixels = "ignored_pixels"
    case ignoredShare = "ignored_share"
    case strayPixels = "stray_pixels"
  }

  /// Reads label maps on `Threads.count` threads.
  ///
  /// - Parameters:
  ///   - maps: The files, and what their numbers stand for.
  ///   - names: The classes' names, by label.
  ///   - progress: Told now and then how many label maps are read.
  /// - Throws: `ImagingError` about the first file that is no label map.
  public init(
    _ maps: [(path: String, labels: LabelMeaning)], classes names: [String],
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    self.maps = maps.count
    classes = names.map { Row(name: $0) }
    for (map, counts) in zip(maps, try LabelCounts.read(maps, progress: progress)) {
      var seen = Set<Int>()
      for (number, count) in counts {
        switch map.labels.reading(of: number) {
        case .ignored: ignoredPixels += count
        case .label(let label) where classes.indices.contains(Int(label)):
          classes[Int(label)].pixels += count
          seen.insert(Int(label))
        default: strayPixels += count
        }
      }
      for label in seen { classes[label].images += 1 }
    }
    let labelled = classes.reduce(0) { $0 + $1.pixels }
    for label in classes.indices {
      classes[label].share = Double(classes[label].pixels) / Double(max(1, labelled))
    }
    ignoredShare = Double(ignoredPixels) / Double(max(1, labelled + ignoredPixels + strayPixels))
  }
}
