import Coco
import Data
import Imaging

/// The colours of classes in all pictures: one rule for what is given, tested and predicted.
///
/// The data set's own where it gives one a class; else COCO's for the classes that have its names; else colours that
/// are easy to tell apart.
public struct ClassColours: Sendable {
  /// A colour a class.
  public let palette: Palette
  /// Whether there is one class only: its objects are told apart by their colours, and its name, which says nothing,
  /// would cover small ones.
  public let isSingle: Bool

  private static let objects = Palette.distinct(24)

  /// The colours of a data set's classes.
  public init(_ metainfo: DatasetMetainfo) {
    let named = CocoClasses.palette(for: metainfo.classes)
    palette =
      if !metainfo.classes.isEmpty, metainfo.palette.count == metainfo.classes.count {
        Palette(metainfo.palette)
      } else if !named.isEmpty { Palette(named) } else { Palette.distinct(metainfo.classes.count) }
    isSingle = metainfo.classes.count <= 1
  }

  /// The colour of an object: its class's, or its own.
  public func object(_ index: Int, label: Int) -> SIMD3<UInt8> {
    isSingle ? Self.objects[index] : palette[label]
  }
}
