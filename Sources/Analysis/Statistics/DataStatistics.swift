import Coco
import Data
import Files
import Foundation
import Imaging

/// What a data set holds: what `dense data stats` prints.
public struct DataStatistics: Sendable, Encodable {
  /// A size of images, and how many have it.
  public struct Size: Sendable, Encodable {
    /// Columns and rows.
    public var width, height: Int
    /// Images of it.
    public var images: Int
  }

  /// `train`, `val`, `test`, or nil for a file.
  public let name: String?
  /// The annotation file or a folder.
  public let file: String
  /// Images.
  public let images: Int
  /// Their widths and heights, in pixels, as the annotation file says or, without one, the images' own files.
  public let width, height: Spread
  /// How many sizes there are.
  public let sizeCount: Int
  /// The commonest of them.
  public let sizes: [Size]
  /// Objects, where there are any.
  public var instances: InstanceStatistics?
  /// Label maps, where there are any.
  public var labelMaps: LabelMapStatistics?
  /// Images of each class, where each has one.
  public var classes: [ClassImages]?

  enum CodingKeys: String, CodingKey {
    case name, file, images, width, height, sizes, instances, classes
    case sizeCount = "size_count"
    case labelMaps = "label_maps"
  }

  private init(name: String?, file: String, sizes all: [ImageSize]) {
    (self.name, self.file, images) = (name, file, all.count)
    width = Spread(all.map { Double($0.width) })
    height = Spread(all.map { Double($0.height) })
    let counts = Dictionary(grouping: all) { $0 }.mapValues(\.count)
    sizeCount = counts.count
    sizes = counts.sorted { one, other in
      (-one.value, one.key.width, one.key.height) < (-other.value, other.key.width, other.key.height)
    }.prefix(5).map { Size(width: $0.key.width, height: $0.key.height, images: $0.value) }
  }

  /// Statistics of an annotation file of COCO; images are not opened.
  ///
  /// - Throws: `CocoError`.
  public init(annotationFile path: String) throws {
    let annotations = try CocoAnnotations(contentsOf: path)
    self.init(
      InstanceTruth(
        annotations: annotations, categoryIDs: annotations.categories.map(\.id),
        imageIDs: annotations.images.map(\.id)), name: nil, file: path)
  }

  private init(_ truth: InstanceTruth, name: String?, file: String) {
    let ids = Set(truth.imageIDs.compactMap { $0 })
    self.init(
      name: name, file: file,
      sizes: truth.annotations.images.filter { ids.contains($0.id) }.map {
        ImageSize(height: $0.height, width: $0.width)
      })
    instances = InstanceStatistics(truth)
  }

  /// Statistics of a data set as it takes part in training or a test, before the pipeline.
  ///
  /// - Parameters:
  ///   - dataset: Its images are opened only where no annotation file says their sizes.
  ///   - name: `train`, `val` or `test`; nil for a file.
  ///   - progress: Told now and then how many label maps are read.
  /// - Throws: `DataError`, `CocoError`, and `ImagingError` about the first file that cannot be read.
  public init(
    _ dataset: any Dataset, name: String?, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws {
    let file = dataset.annotationSources.first?.path ?? ""
    if let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() {
      self.init(truth, name: name, file: file)
      return
    }
    let samples = try (0..<dataset.count).map { try dataset.sample(at: $0) }
    self.init(
      name: name, file: file, sizes: try samples.map { try PictureExtent(ofFile: $0.imagePath).size })
    let maps = samples.compactMap { sample in sample.labelMapPath.map { ($0, sample.labels) } }
    if !maps.isEmpty {
      labelMaps = try LabelMapStatistics(maps, classes: dataset.metainfo.classes, progress: progress)
    }
    let labels = samples.compactMap(\.classLabel)
    if !labels.isEmpty {
      classes = dataset.metainfo.classes.enumerated().map { label, name in
        ClassImages(name: name, images: labels.count { $0 == label })
      }
    }
  }

  /// Tables for the terminal.
  public func text() -> String {
    var lines = ["\(name.map { "\($0): " } ?? "")\(images) images, \(file.printedWhole)"]
    func whole(_ value: Double) -> String { String(format: "%.0f", value) }
    if images > 0 {
      let common = sizes.map { "\($0.width) x \($0.height) (\($0.images))" }.joined(separator: ", ")
      lines.append(
        "width \(whole(width.least)) ... \(whole(width.largest)), median \(whole(width.median)); height "
          + "\(whole(height.least)) ... \(whole(height.largest)), median \(whole(height.median)); "
          + (sizeCount == 1
            ? "one size" : "\(sizeCount) sizes: \(common)\(sizeCount > sizes.count ? ", …" : "")"))
    }
    if let instances { lines += ["", Self.text(instances)] }
    if let labelMaps { lines += ["", Self.text(labelMaps)] }
    if let classes {
      let rows = classes.map { [$0.name.printed, "\($0.images)", Self.percent($0.images, of: images)] }
      lines += [
        "", TextTable([.left(), .right(), .right()], rows: [["class", "images", "share"]] + rows).text,
      ]
    }
    return lines.joined(separator: "\n")
  }

  private static func percent(_ part: Int, of all: Int) -> String {
    percent(Double(part) / Double(max(1, all)))
  }
  private static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

  private static func text(_ instances: InstanceStatistics) -> String {
    let rows = (instances.classes + (instances.classes.count > 1 ? [instances.all] : [])).map { row in
      [
        row.name.printed, "\(row.objects)", percent(row.objects, of: instances.all.objects), "\(row.images)",
        "\(row.small)", "\(row.medium)", "\(row.large)", String(format: "%.0f", row.side.median),
        "\(row.crowds)",
      ]
    }
    let hasCrowds = instances.all.crowds > 0
    let head = ["class", "objects", "share", "images", "small", "medium", "large", "median side", "crowds"]
    let columns = [TextTable.Column.left()] + [TextTable.Column](repeating: .right(), count: 8)
    let table = TextTable(columns, rows: ([head] + rows).map { hasCrowds ? $0 : $0.dropLast() })
    let (count, overlap) = (instances.objectsPerImage, instances.overlap)
    return """
      \(table.text)

      objects an image: \(String(format: "%.0f ... %.0f, median %.0f, mean %.1f", count.least, count.largest, count.median, count.mean)); \
      \(instances.emptyImages) images without
      width over height: \(String(format: "%.2g ... %.2g, median %.2g", instances.aspect.least, instances.aspect.largest, instances.aspect.median))
      boxes over another one of their image: \(percent(overlap.above50)) of the objects above IoU 0.5, \
      \(percent(overlap.above75)) above 0.75; over one of their class \(percent(overlap.ofClassAbove50)) and \
      \(percent(overlap.ofClassAbove75))
      """
  }

  private static func text(_ maps: LabelMapStatistics) -> String {
    let rows = maps.classes.map { row in
      [
        row.name.printed, "\(row.pixels)", String(format: "%.2f %%", 100 * row.share), "\(row.images)",
        percent(row.images, of: maps.maps),
      ]
    }
    let table = TextTable(
      [.left(), .right(), .right(), .right(), .right()],
      rows: [["class", "pixels", "share", "images", "share"]] + rows)
    let stray = maps.strayPixels > 0 ? "; \(maps.strayPixels) pixels have a number that is no class" : ""
    return table.text + String(format: "\n\nignored: %.2f %% of all pixels", 100 * maps.ignoredShare) + stray
  }
}
