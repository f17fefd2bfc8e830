import Coco
import Data
import Imaging

/// The colours of classes in all pictures: one rule for what is given, tested and predicted.
///
/// The data set's own where its config gives one a class; else light colours that are easy to tell apart. (COCO's own are
/// too dark: what lies below is hidden.)
public struct ClassColours: Sendable {
  /// A colour a class.
  public let palette: Palette
  /// Whether there is one class only: its objects are told apart by their colours, and its name, which says nothing,
  /// would cover small ones.
  public let isSingle: Bool

  private static let objects = Palette.distinct(24)

  /// The colours of a data set's classes.
  public init(_ metainfo: DatasetMetainfo) {
    let classes = metainfo.classes
    let isOwn =
      metainfo.palette.count == classes.count && metainfo.palette != CocoClasses.palette(for: classes)
    palette = !classes.isEmpty && isOwn ? Palette(metainfo.palette) : Palette.distinct(classes.count)
    isSingle = classes.count <= 1
  }

  /// The colour of each object: a shade of its class's, or its own where there is one class.
  ///
  /// - Parameter labels: The class of each.
  public func objects(_ labels: [Int]) -> [SIMD3<UInt8>] {
    var counts: [Int: Int] = [:]
    return labels.enumerated().map { index, label in
      let number = counts[label, default: 0]
      counts[label] = number + 1
      return isSingle ? Self.objects[index] : Palette.shade(number, of: palette[label])
    }
  }
}
