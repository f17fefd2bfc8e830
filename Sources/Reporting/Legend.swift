import Foundation
import Imaging

/// Names, colours and shares of the classes of a label map, the most frequent first, as a column right of a picture.
struct Legend {
  /// A class, its colour, and its share of all pixels.
  struct Entry: Equatable {
    var name: String
    var colour: SIMD3<UInt8>
    var share: Double

    /// `sky 24.1 %`.
    var text: String { "\(name) \(String(format: "%.1f %%", 100 * share))" }
  }

  let entries: [Entry]

  /// The classes that a map has.
  init(_ map: LabelMap, classes: [String], palette: Palette) {
    var counts = [Int](repeating: 0, count: classes.count)
    for label in map.pixels where counts.indices.contains(Int(label)) { counts[Int(label)] += 1 }
    entries = counts.indices.filter { counts[$0] > 0 }
      .sorted { (counts[$1], $0) < (counts[$0], $1) }
      .map {
        Entry(
          name: classes[$0], colour: palette[$0],
          share: Double(counts[$0]) / Double(max(1, map.pixels.count)))
      }
  }

  /// Puts the column beside a picture, which grows where there are more classes than rows.
  func added(to image: Image) -> Image {
    guard !entries.isEmpty else { return image }
    // As large as the picture suggests, but smaller where all entries then fit beside it.
    let wanted = max(16, Int(15.2 * Double(min(image.height, image.width)) / 480))
    let line = max(16, min(wanted, image.height / entries.count))
    let scale = Double(line - 1) / 38
    // OpenCV's letters are about 20 pixels wide at scale 1.
    let width = Int(scale * 20 * Double(entries.map { $0.text.unicodeScalars.count }.max() ?? 0)) + 8
    var result = image.padded(
      height: max(image.height, entries.count * line + 2), width: image.width + width,
      value: [255, 255, 255])
    for (number, entry) in entries.enumerated() {
      result.draw(
        label: entry.text, x: Float(image.width + 4), y: Float((number + 1) * line), colour: entry.colour,
        scale: scale)
    }
    return result
  }
}
