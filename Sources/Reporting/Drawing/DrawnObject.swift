import Imaging
import Masks

/// An object as pictures show it.
struct DrawnObject {
  /// x1, y1, x2, y2, in pixels.
  var box: SIMD4<Float>
  var mask: MaskWindow?
  var colour: SIMD3<UInt8>
  /// Empty for none.
  var text: String

  fileprivate var area: Float { (box[2] - box[0]) * (box[3] - box[1]) }
}

extension Image {
  /// Draws objects: tinted masks with their edges, boxes, and labels where they hide least; large objects first, so that
  /// small ones are seen. Where labels are more than there is room for, the first objects have theirs.
  mutating func draw(_ objects: [DrawnObject]) {
    let scale = PictureScale(size)
    let bySize = objects.indices.sorted { (-objects[$0].area, $0) < (-objects[$1].area, $1) }
    for index in bySize {
      guard let mask = objects[index].mask else { continue }
      blend(mask, colour: objects[index].colour, opacity: 0.4)
    }
    for index in bySize {
      let object = objects[index]
      if let mask = object.mask { outline(mask, colour: object.colour, thickness: scale.line) }
      draw(
        box: object.box, colour: object.colour,
        thickness: object.mask == nil ? scale.line : max(1, scale.line / 2))
    }
    draw(labelsOf: objects, scale)
  }

  private mutating func draw(labelsOf objects: [DrawnObject], _ scale: PictureScale) {
    var letters = Lettering(size: scale.letter)
    var places = LabelPlaces(size, objects: objects.map(\.box))
    var labels: [(text: String, index: Int, place: LabelPlaces.Place)] = []
    for (index, object) in objects.enumerated() where !object.text.isEmpty {
      let text = letters.shortened(object.text, toFit: max(width / 2, 12 * letters.height) - 2)
      guard
        let (place, isApart) = places.take(
          for: index, width: letters.width(of: text) + 2, height: letters.height, margin: scale.line / 2)
      else { continue }
      if isApart {
        let (start, end) = places.lead(from: place, to: index)
        draw(lineFrom: start, to: end, colour: object.colour, thickness: max(1, scale.line / 2))
      }
      labels.append((text, index, place))
    }
    for (text, index, place) in labels {
      draw(
        label: text, left: place.left, top: place.top, colour: objects[index].colour, &letters)
    }
  }
}
