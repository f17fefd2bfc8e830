import Coco
import Data
import Files
import Imaging
import Masks

/// What a reader is told beside the files.
public struct ReadingOptions: Sendable {
  /// Where the pictures are, for formats that do not say.
  public var images: String?
  /// The classes in their order, others are left out; nil: those that the files have.
  public var classes: [String]?
  /// The file that says which colour is which class.
  public var table: String?
  /// Of several attributes of a region the one that holds its class (VIA).
  public var attribute: String?
  /// Whether regions and masks that lie in files of their own are read, or boxes alone.
  public var readsMasks = true
  /// Whether pictures that are not there are left out, and sizes compared.
  public var checksImages = true

  /// What formats say by themselves.
  public init() {}
}

/// What a reader has found so far. The rules about objects that cannot be used are the same for all formats.
struct AnnotationCollector {
  let options: ReadingOptions
  private var sets: [AnnotatedSet] = []
  private var faults: [DataFault] = []
  /// The classes that the format lists, in its order.
  var listedClasses: [String]?
  /// Their numbers in the format's files, if they are to stay.
  var categoryIDs: [String: Int] = [:]

  init(_ options: ReadingOptions) { self.options = options }

  /// Something that is not in the sets.
  mutating func lose(_ file: String, _ kind: String, _ message: String, id: Int? = nil) {
    faults.append(
      DataFault(file: file, id: id, kind: kind, message: message, effect: "it is not in what is written"))
  }

  /// Something odd that is in the sets all the same.
  mutating func note(_ file: String, _ kind: String, _ message: String, id: Int? = nil) {
    faults.append(DataFault(file: file, id: id, kind: kind, message: message, severity: .note))
  }

  /// Runs the reading of one file: what it throws is in the list, and the others are read.
  mutating func reading(_ file: String, _ body: (inout AnnotationCollector) throws -> Void) {
    do { try body(&self) } catch {
      let located = error as? any LocatedError
      lose(located?.place.file ?? file, "unreadable_file", located?.message ?? "\(error)")
    }
  }

  /// Says that a file was read for a split.
  mutating func source(_ file: String, split: String? = nil) { sets[place(of: split)].sources.append(file) }

  private mutating func place(of split: String?) -> Int {
    if let place = sets.firstIndex(where: { $0.split == split }) { return place }
    sets.append(AnnotatedSet(split: split))
    return sets.count - 1
  }

  /// Adds a picture with its objects.
  ///
  /// - Parameters:
  ///   - stated: The size that the annotations say, if they do.
  ///   - objects: Objects by the id that messages name, made for the picture's size.
  mutating func add(
    _ path: String, stated: ImageSize?, id: Int? = nil, from source: String, split: String? = nil,
    objects: (ImageSize, inout AnnotationCollector) throws -> [AnnotatedSet.Object]
  ) rethrows {
    var size = stated.flatMap { $0.height > 0 && $0.width > 0 ? $0 : nil }
    if options.checksImages || size == nil {
      do {
        let extent = try PictureExtent(ofFile: path)
        if let stated = size, stated != extent.size {
          note(
            source, "size_mismatch",
            stated == extent.storedSize
              ? "the size \(stated) is that of \(path) before EXIF turns it, to \(extent.size): its boxes lie elsewhere "
                + "unless you set the pixels upright"
              : "says \(stated) pixels, \(path) has \(extent.size)", id: id)
        }
        size = size ?? extent.size
      } catch {
        lose(path, "missing_image", "\(error.message) (named by \(source))", id: id)
        return
      }
    }
    guard let size else { return }
    var image = AnnotatedSet.Image(path: path, size: size, id: id, source: source)
    for object in try objects(size, &self) {
      if let sound = checked(object, on: size, of: source) { image.objects.append(sound) }
    }
    sets[place(of: split)].images.append(image)
  }

  private mutating func checked(
    _ object: AnnotatedSet.Object, on size: ImageSize, of source: String
  ) -> AnnotatedSet.Object? {
    var object = object
    let name = object.className
    func listed(_ box: CornerBox) -> String { "[\(box.x), \(box.y), \(box.width), \(box.height)]" }
    guard !name.isEmpty else {
      lose(source, "no_class", "an object has no class", id: object.id)
      return nil
    }
    let listedClasses = options.classes ?? self.listedClasses
    if let listedClasses, !listedClasses.contains(name) {
      lose(
        source, "unlisted_class", "an object of the class \(name), which is not among the classes",
        id: object.id)
      return nil
    }
    if case .polygons(let parts)? = object.segmentation {
      let whole = parts.filter { $0.count >= 6 && $0.count.isMultiple(of: 2) }
      guard whole.allSatisfy({ $0.allSatisfy { abs($0) <= MaskError.coordinateLimit } }), !whole.isEmpty
      else {
        lose(
          source, "illegal_polygon", "\(name): an outline needs three corners of finite numbers or more",
          id: object.id)
        return nil
      }
      if whole.count < parts.count {
        lose(
          source, "illegal_polygon",
          "\(name): \(parts.count - whole.count) of \(parts.count) outlines have no three "
            + "corners", id: object.id)
        object = AnnotatedSet.Object(className: name, outlines: whole)
      }
    }
    let box = object.box
    guard [box.x, box.y, box.width, box.height].allSatisfy({ abs($0) <= MaskError.coordinateLimit }) else {
      lose(source, "illegal_box", "\(name): the box \(listed(box)) is out of all proportion", id: object.id)
      return nil
    }
    guard box.width > 0, box.height > 0 else {
      lose(
        source, box.width < 0 || box.height < 0 ? "negative_box" : "zero_area_box",
        "\(name): the box \(listed(box)) encloses nothing", id: object.id)
      return nil
    }
    if box.x < -1 || box.y < -1 || box.x + box.width > Double(size.width) + 1
      || box.y + box.height > Double(size.height) + 1
    {
      note(
        source, "box_outside_image", "\(name): the box \(listed(box)) leaves its image of \(size) pixels",
        id: object.id)
    }
    return object
  }

  /// What was read; classes without an order of their own are sorted by name.
  ///
  /// - Throws: `DataError` where there is no picture at all.
  consuming func finished(_ input: String) throws(DataError) -> AnnotationReading {
    sets.removeAll { $0.images.isEmpty }
    guard !sets.isEmpty else {
      let first = faults.first.map { "; the first fault: \($0.file.printedWhole): \($0.message)" } ?? ""
      let hint = options.images == nil ? "; if the pictures are elsewhere, name their folder by --images" : ""
      throw DataError(file: input, "no picture with annotations is found here\(first)\(hint)")
    }
    let used = Set(sets.flatMap { $0.images.flatMap { $0.objects.map(\.className) } })
    let classes = options.classes ?? listedClasses ?? used.sorted(by: Folder.precedes)
    guard Set(classes).count == classes.count else {
      throw DataError(file: input, "two classes have one name: give each its own, or name them by --classes")
    }
    for place in sets.indices {
      sets[place].classes = classes
      let ids = classes.compactMap { categoryIDs[$0] }
      if ids.count == classes.count, !ids.isEmpty { sets[place].categoryIDs = ids }
    }
    let order = ["train", "val", "test"]
    func rank(_ set: AnnotatedSet) -> Int { order.firstIndex(of: set.split ?? "") ?? order.count }
    sets = sets.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(
      \.element)
    var reading = AnnotationReading()
    (reading.sets, reading.faults) = (sets, faults)
    return reading
  }
}
