import Foundation
import Imaging

/// Names, colours and shares of the classes of a label map, the most frequent first, as a column right of a picture.
struct Legend {
  /// A class, its colour, and its share of all pixels.
  struct Entry: Equatable {
    var name: String
    var colour: SIMD3<UInt8>
    var share: Double

    /// `24.1 %`.
    var percent: String { String(format: "%.1f %%", 100 * share) }
  }

  let entries: [Entry]

  /// The classes that a map has.
  ///
  /// - Parameter shown: The classes that are told; nil: all.
  init(_ map: LabelMap, classes: [String], palette: Palette, shown: Set<Int>? = nil) {
    let counts = map.counts(classes: classes.count)
    entries = counts.indices.filter { counts[$0] > 0 && shown?.contains($0) != false }
      .sorted { (counts[$1], $0) < (counts[$0], $1) }
      .map {
        Entry(
          name: classes[$0], colour: palette[$0],
          share: Double(counts[$0]) / Double(max(1, map.pixels.count)))
      }
  }

  /// Puts the column beside a picture, which grows where there are more classes than rows.
  ///
  /// - Parameter names: Of a frame of a film, all classes: the column is then as wide for every frame, of an even width
  ///   with the picture's as films have it, and ends where the picture does.
  func added(to image: Image, amongAll names: [String]? = nil) -> Image {
    guard !entries.isEmpty || names != nil else { return image }
    // As large as the picture suggests, but smaller where all entries then fit beside it.
    let fitting = Double(image.height) / (1.3 * Double(entries.count + 1))
    let wanted = PictureScale(image.size).letter
    var letters = Lettering(size: names == nil ? max(10, min(wanted, fitting)) : wanted)
    let (line, gap) = (letters.height + 2, letters.height / 2)
    func shortened(_ name: String) -> String { letters.shortened(name, toFit: 20 * letters.height) }
    let widest = (names ?? entries.map(\.name)).map { letters.width(of: shortened($0)) }.max() ?? 0
    let percents = names == nil ? entries.map(\.percent) : ["100.0 %"]
    let shareWidth = percents.map { letters.width(of: $0) }.max() ?? 0
    let start = image.width + gap
    let width = start + letters.height + gap + widest + gap + shareWidth + gap
    var result = image.padded(
      height: names == nil ? max(image.height, entries.count * line + 2 * gap) : image.height,
      width: names == nil ? width : width + width % 2, value: [255, 255, 255])
    let ink = SIMD3<UInt8>(32, 32, 32)
    for (number, entry) in entries.enumerated() {
      let top = gap + number * line
      guard top + line <= result.height else { break }
      result.fill(
        box: SIMD4(
          Float(start), Float(top + 1), Float(start + letters.height - 1), Float(top + line - 3)),
        colour: entry.colour)
      let left = start + letters.height + gap
      letters.draw(shortened(entry.name), on: &result, left: left, top: top, colour: ink)
      let end = left + widest + gap + shareWidth
      letters.draw(
        entry.percent, on: &result, left: end - letters.width(of: entry.percent), top: top, colour: ink)
    }
    return result
  }
}

extension LabelMap {
  /// How many pixels each class has.
  func counts(classes: Int) -> [Int] {
    let counts = counts
    return (0..<classes).map { counts[Int32($0)] ?? 0 }
  }
}
