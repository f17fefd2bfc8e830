import Files
import Foundation

/// What was predicted of all images, by class: for the end of a run, and as a table for other programs.
public struct PredictionTable: Sendable {
  private let images: [PredictedImage]
  private let classes: [String]

  /// The images' predictions. Rows are in the order of the classes, which is that of their numbers.
  public init(_ images: [PredictedImage], classes: [String]) {
    (self.images, self.classes) = (images, classes)
  }

  /// A row a class that was found: objects and images with them; the share of all pixels; or the images whose best class
  /// it is.
  public var lines: [String] {
    if images.contains(where: { $0.instances != nil }) { return objects }
    if images.contains(where: { $0.pixels != nil }) { return pixels }
    return best
  }

  /// The classes in their order, each once, and others behind them.
  private func order(_ names: some Sequence<String>) -> [String] {
    let places = Dictionary(classes.enumerated().map { ($1, $0) }) { first, _ in first }
    return Set(names).sorted { (places[$0] ?? .max, $0) < (places[$1] ?? .max, $1) }
  }

  private var objects: [String] {
    var (counts, holders) = ([String: Int](), [String: Int]())
    for image in images {
      let found = image.instances ?? []
      for object in found { counts[object.category, default: 0] += 1 }
      for name in Set(found.map(\.category)) { holders[name, default: 0] += 1 }
    }
    var table = TextTable([.left(), .right(), .right()], rows: [["class", "objects", "images"]])
    for name in order(counts.keys) {
      table.rows.append([name.printed, "\(counts[name] ?? 0)", "\(holders[name] ?? 0)"])
    }
    table.rows.append(["all", "\(counts.values.reduce(0, +))", "\(images.count)"])
    return table.lines
  }

  private var pixels: [String] {
    var (counts, holders, all) = ([String: Int](), [String: Int](), 0)
    for image in images {
      all += image.height * image.width
      for (name, count) in image.pixels ?? [:] where count > 0 {
        counts[name, default: 0] += count
        holders[name, default: 0] += 1
      }
    }
    var table = TextTable([.left(), .right(), .right()], rows: [["class", "pixels", "images"]])
    for name in order(counts.keys) {
      let share = 100 * Double(counts[name] ?? 0) / Double(max(1, all))
      table.rows.append([name.printed, String(format: "%.1f %%", share), "\(holders[name] ?? 0)"])
    }
    return table.lines
  }

  private var best: [String] {
    let names = images.compactMap { $0.best?.first?.category }
    let counts = Dictionary(grouping: names) { $0 }.mapValues(\.count)
    return TextTable(
      [.left(), .right()],
      rows: [["best class", "images"]] + order(counts.keys).map { [$0.printed, "\(counts[$0] ?? 0)"] }
    ).lines
  }

  /// The same as values between commas (RFC 4180, lines end in a line feed): a row an object, `x,y,width,height` in
  /// pixels; a row a class and image, with its pixels and their share; or a row for each of an image's best classes.
  public var csv: String {
    var rows: [[String]] = []
    if images.contains(where: { $0.pixels != nil }) {
      rows = [["file", "frame", "category", "pixels", "share"]]
      for image in images {
        for name in order((image.pixels ?? [:]).keys) {
          let count = image.pixels?[name] ?? 0
          rows.append(
            start(image) + [
              name, "\(count)", "\(Double(count) / Double(max(1, image.height * image.width)))",
            ])
        }
      }
    } else if images.contains(where: { $0.best != nil }) {
      rows = [["file", "frame", "rank", "category", "score"]]
      for image in images {
        rows += (image.best ?? []).enumerated().map {
          start(image) + ["\($0 + 1)", $1.category, "\($1.score)"]
        }
      }
    } else {
      rows = [["file", "frame", "category_id", "category", "score", "x", "y", "width", "height"]]
      for image in images {
        rows += (image.instances ?? []).map { object in
          start(image) + ["\(object.categoryID)", object.category, "\(object.score)"]
            + object.box.map { "\($0)" }
        }
      }
    }
    return rows.map { $0.map(Self.field).joined(separator: ",") + "\n" }.joined()
  }

  private func start(_ image: PredictedImage) -> [String] {
    [image.file, image.frame.map(String.init) ?? ""]
  }

  private static func field(_ text: String) -> String {
    text.contains(where: { "\",\n\r".contains($0) || $0 == "\r\n" })
      ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text
  }
}
