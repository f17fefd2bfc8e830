import Data
import Imaging
import Masks

extension DatasetInventory {
  /// Reads an annotation file and collects what is wrong with its entries; images are not opened.
  ///
  /// - Throws: `CocoError` when the file is no JSON, or not of COCO's form.
  init(_ configuration: CocoDataset.Configuration) throws {
    let path = configuration.settings.path(configuration.annotationFile)
    var check = CocoCheck(file: path)
    let tables = try CocoTables(try JSONPieces(contentsOf: path)) { bad throws(CocoError) in check.add(bad) }
    let images = check.unique(tables.images, \.id, "image")
    let categories = check.unique(tables.categories, \.id, "category")
    let annotations = check.unique(tables.annotations, \.id, "annotation")

    let folder = configuration.settings.path(configuration.images)
    var samples: [Sample] = []
    for image in images {
      if let problem = CocoDataset.problem(with: image) {
        check.add("file_name", image.id, "image \(image.id) \(problem)")
      } else {
        samples.append(
          Sample(
            index: samples.count, imageID: image.id,
            imagePath: DatasetSettings.path(image.fileName ?? "", below: folder),
            size: ImageSize(height: image.height, width: image.width)))
      }
    }
    let sizes = Dictionary(images.map { ($0.id, ImageSize(height: $0.height, width: $0.width)) }) {
      first, _ in
      first
    }
    let known = Set(categories.map(\.id))
    for annotation in annotations {
      if !known.contains(annotation.categoryID) {
        check.add(
          "unknown_category", annotation.id,
          "annotation \(annotation.id) is of category \(annotation.categoryID), which the file does not list")
      }
      if let size = sizes[annotation.imageID] {
        check.check(annotation, on: size)
      } else {
        check.add(
          "unknown_image", annotation.id,
          "annotation \(annotation.id) is of image \(annotation.imageID), which the file does not list")
      }
    }
    self.init(samples: samples, annotationCount: tables.annotationCount, faults: check.faults)
  }
}

/// Collects the faults of an annotation file.
private struct CocoCheck {
  let file: String
  private(set) var faults: [DataFault] = []

  /// How far coordinates may lie outside their image, in pixels: tools round.
  private static let slack = 1.0

  /// A check of a file.
  init(file: String) { self.file = file }

  mutating func add(_ kind: String, _ id: Int?, _ message: String) {
    faults.append(DataFault(file: file, id: id, kind: kind, message: message))
  }

  mutating func add(_ bad: CocoTables.BadRow) {
    let place = bad.error.line.map { "line \($0), column \(bad.error.column ?? 1): " } ?? ""
    add(bad.kind, bad.id, place + bad.error.message)
  }

  /// The elements without those whose id came before.
  mutating func unique<Element>(_ elements: [Element], _ id: (Element) -> Int, _ kind: String) -> [Element] {
    var seen = Set<Int>()
    return elements.filter { element in
      let id = id(element)
      if seen.insert(id).inserted { return true }
      add("duplicate_id", id, "\(kind) id \(id) occurs more than once")
      return false
    }
  }

  /// Checks the box and the mask of an object.
  mutating func check(_ annotation: CocoAnnotations.Annotation, on size: ImageSize) {
    let (x, y, width, height) = annotation.boundingBox
    let owner = "annotation \(annotation.id)"
    let box = "[\(x), \(y), \(width), \(height)]"
    if width < 0 || height < 0 {
      add("negative_box", annotation.id, "\(owner) has the box \(box); width and height must be positive")
    } else if width == 0 || height == 0 {
      add(
        "zero_area_box", annotation.id, "\(owner) has the box \(box), which is empty; training leaves it out")
    } else if x < -Self.slack || y < -Self.slack || x + width > Double(size.width) + Self.slack
      || y + height > Double(size.height) + Self.slack
    {
      add(
        "box_outside_image", annotation.id,
        "\(owner) has the box \(box), which leaves its image of \(size.width) x \(size.height) pixels")
    }
    if !(annotation.area > 0) {
      add(
        "zero_area", annotation.id,
        "\(owner) has the area \(annotation.area); training leaves it out where it is not positive")
    }
    guard let segmentation = annotation.segmentation else { return }
    check(segmentation, of: annotation, owner, on: size)
  }

  private mutating func check(
    _ segmentation: CocoSegmentation, of annotation: CocoAnnotations.Annotation, _ owner: String,
    on size: ImageSize
  ) {
    var usable = segmentation
    if case .polygons(let parts) = segmentation {
      let whole = parts.filter { $0.count >= 6 && $0.count.isMultiple(of: 2) }
      if let odd = parts.first(where: { !($0.count >= 6 && $0.count.isMultiple(of: 2)) }), !odd.isEmpty {
        add(
          "illegal_polygon", annotation.id,
          "\(owner) has a polygon of \(odd.count) numbers; x, y of three or more corners are needed (6, 8, 10, ...)"
        )
      }
      guard !whole.isEmpty else { return addEmpty(annotation, owner) }
      if whole.contains(where: { leaves($0, size) }) {
        add(
          "polygon_outside_image", annotation.id,
          "\(owner) has a polygon that leaves its image of \(size.width) x \(size.height) pixels")
      }
      usable = .polygons(whole)
    }
    do throws(MaskError) {
      let area = try usable.mask(height: size.height, width: size.width).area
      guard area > 0 else { return addEmpty(annotation, owner) }
      if isUnlike(annotation, Double(area)) {
        add(
          "area_unlike_mask", annotation.id,
          "\(owner) has the area \(annotation.area), but its mask \(area) pixels")
      }
    } catch {
      switch error {
      case .sizesDiffer, .illegalSize: add("mask_size", annotation.id, "\(owner): \(error)")
      case .illegalCoordinate: add("illegal_polygon", annotation.id, "\(owner): \(error)")
      default: add("broken_run_lengths", annotation.id, "\(owner): \(error)")
      }
    }
  }

  private mutating func addEmpty(_ annotation: CocoAnnotations.Annotation, _ owner: String) {
    add(
      "empty_segmentation", annotation.id,
      "\(owner) has a segmentation without a pixel; training with masks ignores the object")
  }

  private func leaves(_ corners: [Double], _ size: ImageSize) -> Bool {
    corners.indices.contains { index in
      let side = Double(index.isMultiple(of: 2) ? size.width : size.height)
      return corners[index] < -Self.slack || corners[index] > side + Self.slack
    }
  }

  /// Whether an area is neither the mask's nor the box's, which some tools write. Small objects change much when they
  /// are drawn.
  private func isUnlike(_ annotation: CocoAnnotations.Annotation, _ area: Double) -> Bool {
    let box = annotation.boundingBox.width * annotation.boundingBox.height
    func isNear(_ other: Double) -> Bool {
      abs(annotation.area - other) <= 0.25 * max(annotation.area, other) + 25
    }
    return annotation.area > 0 && !isNear(area) && !isNear(box)
  }
}
