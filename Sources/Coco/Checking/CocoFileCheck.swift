import Masks

/// What is wrong with the entries of an annotation file: collected, not thrown. Images are not opened.
package struct CocoFileCheck {
  /// A fault of an entry.
  package struct Fault {
    /// What a fault comes to.
    package enum Weight: Sendable {
      /// A run stops there, or does not learn what it should.
      case error
      /// Training goes on as it should.
      case note
      /// An error where masks are loaded, nothing where only boxes are.
      case errorWithMasks
    }

    /// The annotation's or image's id, where there is one.
    package let id: Int?
    /// What kind of fault it is: `zero_area_box`, `unknown_image`, ...
    package let kind: String
    /// What is wrong.
    package let message: String
    /// What it comes to.
    package let weight: Weight
    /// What training does with it.
    package let effect: String
  }

  /// The pictures that can be opened, each id once.
  package private(set) var images: [CocoAnnotations.Image] = []
  /// Annotations in the file, faulty ones included.
  package let annotationCount: Int
  /// The classes, as the file lists them, each id once.
  package private(set) var categories: [CocoAnnotations.Category] = []
  /// The categories that annotations name.
  package private(set) var usedCategories: Set<Int> = []
  /// Everything that is wrong.
  package private(set) var faults: [Fault] = []

  /// Reads a file.
  ///
  /// - Parameter problem: What keeps a picture from being opened, by its entry; nil for nothing.
  /// - Throws: `CocoError` when the file is no JSON, or not of COCO's form.
  package init(contentsOf path: String, problem: (CocoAnnotations.Image) -> String?) throws(CocoError) {
    var bad: [CocoTables.BadRow] = []
    let tables = try CocoTables(try JSONPieces(contentsOf: path)) { row throws(CocoError) in bad.append(row) }
    annotationCount = tables.annotationCount
    for row in bad { add(row) }
    let listed = unique(tables.images, \.id, "image")
    categories = unique(tables.categories, \.id, "category")
    let known = Set(categories.map(\.id))
    let annotations = unique(tables.annotations, \.id, "annotation")
    for image in listed {
      if let problem = problem(image) {
        add("file_name", image.id, "image \(image.id) \(problem)")
      } else {
        images.append(image)
      }
    }
    let sizes = Dictionary(listed.map { ($0.id, $0) }) { first, _ in first }
    faults += Self.repeated(annotations)
    for annotation in annotations {
      usedCategories.insert(annotation.categoryID)
      if !known.contains(annotation.categoryID) {
        add(
          "unknown_category", annotation.id,
          "annotation \(annotation.id) is of category \(annotation.categoryID), which the file does not list",
          effect: Self.drops)
      }
      if let size = sizes[annotation.imageID] {
        check(annotation, on: size)
      } else {
        add(
          "unknown_image", annotation.id,
          "annotation \(annotation.id) is of image \(annotation.imageID), which the file does not list",
          effect: Self.drops)
      }
    }
  }

  /// How far coordinates may lie outside their image, in pixels: tools round.
  private static let slack = 1.0

  private static let stops = "training stops there"
  private static let drops = "training leaves the object out"
  private static let ignores =
    "training with masks ignores the object; for boxes only set with_mask: false and leave mask_head "
    + "and mask_roi_extractor out of model.roi_head"
  private static let keeps = "training takes the object as it is"

  private mutating func add(
    _ kind: String, _ id: Int?, _ message: String, _ weight: Fault.Weight = .error, effect: String = stops
  ) {
    faults.append(Fault(id: id, kind: kind, message: message, weight: weight, effect: effect))
  }

  /// Objects that stand there twice: one class, one box to half a pixel, and one mask where there are masks.
  package static func repeated(_ annotations: [CocoAnnotations.Annotation]) -> [Fault] {
    struct Key: Hashable {
      let image, category: Int
      let box: SIMD4<Double>
    }
    var seen: [Key: CocoAnnotations.Annotation] = [:]
    return annotations.compactMap { annotation in
      let (x, y, width, height) = annotation.boundingBox
      let key = Key(
        image: annotation.imageID, category: annotation.categoryID,
        box: (SIMD4(x, y, width, height) * 2).rounded(.toNearestOrEven))
      guard let first = seen[key] else {
        seen[key] = annotation
        return nil
      }
      guard first.segmentation == annotation.segmentation else { return nil }
      return Fault(
        id: annotation.id, kind: "duplicate_object",
        message:
          "annotation \(annotation.id) is annotation \(first.id) of image \(annotation.imageID) once more",
        weight: .note, effect: "training learns it twice, and a test wants it to be found twice")
    }
  }

  private mutating func add(_ bad: CocoTables.BadRow) {
    let place = bad.error.line.map { "line \($0), column \(bad.error.column ?? 1): " } ?? ""
    add(bad.kind, bad.id, place + bad.error.message)
  }

  /// The elements without those whose id came before.
  private mutating func unique<Element>(_ elements: [Element], _ id: (Element) -> Int, _ kind: String)
    -> [Element]
  {
    var seen = Set<Int>()
    return elements.filter { element in
      let id = id(element)
      if seen.insert(id).inserted { return true }
      add("duplicate_id", id, "\(kind) id \(id) occurs more than once")
      return false
    }
  }

  /// Checks the box and the mask of an object.
  private mutating func check(_ annotation: CocoAnnotations.Annotation, on size: CocoAnnotations.Image) {
    let (x, y, width, height) = annotation.boundingBox
    let owner = "annotation \(annotation.id)"
    let box = "[\(x), \(y), \(width), \(height)]"
    if width < 0 || height < 0 {
      add(
        "negative_box", annotation.id, "\(owner) has the box \(box); width and height must be positive",
        effect: Self.drops)
    } else if width == 0 || height == 0 {
      add(
        "zero_area_box", annotation.id, "\(owner) has the box \(box), which is empty; training leaves it out",
        .note, effect: Self.drops)
    } else if x < -Self.slack || y < -Self.slack || x + width > Double(size.width) + Self.slack
      || y + height > Double(size.height) + Self.slack
    {
      add(
        "box_outside_image", annotation.id,
        "\(owner) has the box \(box), which leaves its image of \(size.width) x \(size.height) pixels", .note,
        effect: "training takes the object as it is, and leaves it out where all of it is outside")
    }
    if !(annotation.area > 0) {
      add(
        "zero_area", annotation.id,
        "\(owner) has the area \(annotation.area); training leaves it out where it is not positive", .note,
        effect: Self.drops)
    }
    guard let segmentation = annotation.segmentation else {
      add(
        "no_segmentation", annotation.id, "\(owner) has no segmentation, and the pipeline loads masks",
        .errorWithMasks, effect: Self.ignores)
      return
    }
    check(segmentation, of: annotation, owner, on: size)
  }

  private mutating func check(
    _ segmentation: CocoSegmentation, of annotation: CocoAnnotations.Annotation, _ owner: String,
    on size: CocoAnnotations.Image
  ) {
    var usable = segmentation
    if case .polygons(let parts) = segmentation {
      let whole = parts.filter { CocoSegmentation.isWhole(numbers: $0.count) }
      if let odd = parts.first(where: { !CocoSegmentation.isWhole(numbers: $0.count) }) {
        add(
          "illegal_polygon", annotation.id,
          "\(owner) has a polygon of \(odd.count) numbers; x, y of three or more corners are needed (6, 8, 10, ...)",
          .note, effect: "training leaves that part out; evaluation draws what corners it has")
      }
      guard !whole.isEmpty else {
        add(
          "empty_segmentation", annotation.id, "\(owner) has a segmentation without an outline",
          .errorWithMasks, effect: Self.ignores)
        return
      }
      if whole.contains(where: { leaves($0, size) }) {
        add(
          "polygon_outside_image", annotation.id,
          "\(owner) has a polygon that leaves its image of \(size.width) x \(size.height) pixels", .note,
          effect: "training cuts it at the border of the image")
      }
      usable = .polygons(whole)
    }
    do throws(MaskError) {
      let mask = try usable.mask(height: size.height, width: size.width)
      let area = mask.area
      guard area > 0 else {
        add(
          "empty_segmentation", annotation.id, "\(owner) has a segmentation without a pixel", .note,
          effect: "training learns its box, and a mask without a pixel")
        return
      }
      if isUnlike(annotation.boundingBox, mask.boundingBox, on: size) {
        let (x, y, width, height) = mask.boundingBox
        add(
          "box_unlike_mask", annotation.id,
          "\(owner) has the box \(list(annotation.boundingBox)), but its mask lies in [\(x), \(y), \(width), \(height)]",
          .note,
          effect: Self.keeps + "; the box head learns the one, the mask head the other")
      }
      if isUnlike(annotation, Double(area)) {
        add(
          "area_unlike_mask", annotation.id,
          "\(owner) has the area \(annotation.area), but its mask \(area) pixels", .note,
          effect: Self.keeps
            + "; evaluation sorts it into small, medium and large by the area that the file says")
      }
    } catch {
      switch error {
      case .sizesDiffer, .illegalSize: add("mask_size", annotation.id, "\(owner): \(error)")
      case .illegalCoordinate: add("illegal_polygon", annotation.id, "\(owner): \(error)")
      default: add("broken_run_lengths", annotation.id, "\(owner): \(error)")
      }
    }
  }

  private func leaves(_ corners: [Double], _ size: CocoAnnotations.Image) -> Bool {
    corners.indices.contains { index in
      let side = Double(index.isMultiple(of: 2) ? size.width : size.height)
      return corners[index] < -Self.slack || corners[index] > side + Self.slack
    }
  }

  private func list(_ box: CornerBox) -> String { "[\(box.x), \(box.y), \(box.width), \(box.height)]" }

  /// Whether a box is another one than that around its mask: a side lies off by more than two pixels and a tenth of the
  /// object. What lies outside the image has no mask.
  private func isUnlike(_ box: CornerBox, _ mask: CornerBox, on size: CocoAnnotations.Image) -> Bool {
    let (width, height) = (Double(size.width), Double(size.height))
    func isFar(_ one: Double, _ other: Double, of side: Double, within limit: Double) -> Bool {
      abs(min(max(one, 0), limit) - other) > 2 + 0.1 * side
    }
    return isFar(box.x, mask.x, of: mask.width, within: width)
      || isFar(box.x + box.width, mask.x + mask.width, of: mask.width, within: width)
      || isFar(box.y, mask.y, of: mask.height, within: height)
      || isFar(box.y + box.height, mask.y + mask.height, of: mask.height, within: height)
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
