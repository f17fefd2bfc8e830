import Imaging

/// Where the labels of objects go: within the picture, not over each other, and where they hide least of the objects.
package struct LabelPlaces {
  /// A rectangle of whole pixels.
  package struct Place: Equatable {
    package var left, top, width, height: Int

    /// Pixels in common.
    package func shared(with other: Place) -> Int {
      let columns = min(left + width, other.left + other.width) - max(left, other.left)
      let rows = min(top + height, other.top + other.height) - max(top, other.top)
      return columns > 0 && rows > 0 ? columns * rows : 0
    }
  }

  private let size: ImageSize
  private let objects: [Place]
  private var taken: [Place] = []

  /// A label may hide this share of an object, its own or another; else it stands apart, and a line leads to it.
  private static let mostHidden = 0.34

  /// Places in a picture with objects in boxes (x1, y1, x2, y2).
  package init(_ size: ImageSize, objects boxes: [SIMD4<Float>]) {
    self.size = size
    objects = boxes.map { Self.place(of: $0, in: size) }
  }

  /// The pixels of a box within the picture; a box that is no box is a pixel.
  private static func place(of box: SIMD4<Float>, in size: ImageSize) -> Place {
    func whole(_ value: Float, _ most: Int) -> Int {
      value.isNaN ? 0 : Int(max(0, min(value.rounded(), Float(most))))
    }
    let (left, top) = (whole(box[0], size.width), whole(box[1], size.height))
    return Place(
      left: left, top: top, width: max(1, whole(box[2], size.width) - left),
      height: max(1, whole(box[3], size.height) - top))
  }

  /// Finds a place for an object's label, and keeps it free of others.
  ///
  /// - Parameter margin: Pixels between the object and a label beside it: half of a thick line.
  /// - Returns: The place, and whether it stands apart; nil where none is free.
  package mutating func take(
    for index: Int, width: Int, height: Int, margin: Int
  ) -> (place: Place, isApart: Bool)? {
    guard width <= size.width, height <= size.height else { return nil }
    let own = objects[index]
    let (right, bottom) = (own.left + own.width - width, own.top + own.height)
    let (above, below) = (own.top - height - margin, bottom + margin)
    let middle = own.top + (own.height - height) / 2
    // The nearer to the front the better.
    let near = [
      (own.left - margin, above), (own.left, own.top), (own.left - margin, below), (right + margin, above),
      (right + margin, below), (own.left + own.width + margin, middle), (own.left - width - margin, middle),
      (right, own.top), (own.left, bottom - height), (right, bottom - height),
    ]
    var best: (place: Place, cost: Double)?
    for (rank, corner) in near.enumerated() {
      guard let place = free(at: corner, width, height) else { continue }
      let cost = hidden(by: place) + 0.01 * Double(rank)
      if cost < best?.cost ?? Self.mostHidden { best = (place, cost) }
    }
    if let best {
      taken.append(best.place)
      return (best.place, false)
    }
    for ring in 1...4 {
      let (far, wide) = (ring * height * 3 / 2, width / 2 + ring * height * 2)
      let (x, y) = (own.left + own.width / 2 - width / 2, middle)
      let (up, down) = (above - far, below + far)
      for corner in [
        (x, up), (x, down), (own.left - wide - width / 2, y), (own.left + own.width + wide - width / 2, y),
        (x - wide, up), (x + wide, up), (x - wide, down), (x + wide, down),
      ] {
        guard let place = free(at: corner, width, height), hidden(by: place) < Self.mostHidden / 2 else {
          continue
        }
        taken.append(place)
        return (place, true)
      }
    }
    return nil
  }

  /// The place moved into the picture, unless a label is there.
  private func free(at corner: (left: Int, top: Int), _ width: Int, _ height: Int) -> Place? {
    let place = Place(
      left: max(0, min(corner.left, size.width - width)), top: max(0, min(corner.top, size.height - height)),
      width: width, height: height)
    return taken.contains { $0.shared(with: place) > 0 } ? nil : place
  }

  /// The largest share of an object that a label hides.
  private func hidden(by place: Place) -> Double {
    objects.reduce(0) { max($0, Double($1.shared(with: place)) / Double($1.width * $1.height)) }
  }

  /// The points of a label and of its object between which a line is shortest.
  package func lead(from place: Place, to index: Int) -> (start: SIMD2<Float>, end: SIMD2<Float>) {
    let own = objects[index]
    func nearest(_ low: Int, _ length: Int, _ otherLow: Int, _ otherLength: Int) -> (Float, Float) {
      let (high, otherHigh) = (low + length - 1, otherLow + otherLength - 1)
      if high < otherLow { return (Float(high), Float(otherLow)) }
      if otherHigh < low { return (Float(low), Float(otherHigh)) }
      let middle = Float(max(low, otherLow) + min(high, otherHigh)) / 2
      return (middle, middle)
    }
    let x = nearest(place.left, place.width, own.left, own.width)
    let y = nearest(place.top, place.height, own.top, own.height)
    return (SIMD2(x.0, y.0), SIMD2(x.1, y.1))
  }
}
