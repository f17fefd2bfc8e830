/// What COCO calls the sizes of objects: small below 32 x 32 pixels, medium below 96 x 96.
package enum ObjectSize: String, CaseIterable, Sendable {
  case small, medium, large

  /// The size of an area in pixels. (In COCO's evaluation the bounds belong to both.)
  package init(area: Double) { self = area < 1024 ? .small : area < 9216 ? .medium : .large }
}
