/// Annotations that a pipeline loads and a model learns from.
public struct AnnotationKinds: OptionSet, Sendable, Hashable {
  /// A bit a kind.
  public let rawValue: Int

  /// Kinds by their bits.
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Boxes and classes of objects (`LoadAnnotations` with `with_bbox`).
  public static let boxes = AnnotationKinds(rawValue: 1)
  /// Masks of objects (`with_mask`).
  public static let masks = AnnotationKinds(rawValue: 2)
  /// The class of every pixel (`with_seg`, or mmsegmentation's `LoadAnnotations`).
  public static let labelMap = AnnotationKinds(rawValue: 4)
  /// The class of the whole image, which its data set gives it.
  public static let classLabel = AnnotationKinds(rawValue: 8)
}

extension Sequence<AnnotationKinds> {
  /// What all of them have; nothing when there are none.
  var common: AnnotationKinds {
    var kinds = makeIterator()
    guard var common = kinds.next() else { return [] }
    while let next = kinds.next() { common.formIntersection(next) }
    return common
  }
}
