import Masks

/// A ground-truth file of COCO's form ("instances").
public struct CocoAnnotations: Sendable {
  /// One picture.
  public struct Image: Sendable, Equatable {
    /// Its id, any number.
    public var id: Int
    /// Its file, relative to the data set's image folder; nil where the file does not say.
    public var fileName: String?
    /// Rows, in pixels.
    public var height: Int
    /// Columns, in pixels.
    public var width: Int

    /// A picture of the given id and size.
    public init(id: Int, fileName: String?, height: Int, width: Int) {
      self.id = id
      self.fileName = fileName
      self.height = height
      self.width = width
    }
  }

  /// One object, or a crowd of them.
  public struct Annotation: Sendable {
    /// Its id, unique in the file.
    public var id: Int
    /// The picture it is in.
    public var imageID: Int
    /// Its class.
    public var categoryID: Int
    /// (x, y, width, height), in pixels.
    public var boundingBox: CornerBox
    /// Pixels, as the file says: evaluation sorts objects into sizes by it.
    public var area: Double
    /// Whether the region holds many objects, and is no object to be found itself.
    public var isCrowd: Bool
    /// The key `ignore`. It has no effect on evaluation: pycocotools overwrites it by `iscrowd`.
    public var ignore: Bool
    /// Where its mask is kept.
    private var store: SegmentationStore?
    private var maskPlace: Int

    /// Its mask, if it has one.
    public var segmentation: CocoSegmentation? {
      get { maskPlace < 0 ? nil : store?[maskPlace] }
      set { (store, maskPlace) = (newValue.map { SegmentationStore($0) }, newValue == nil ? -1 : 0) }
    }

    private var parts: SegmentationParts? { maskPlace < 0 ? nil : store?.parts(at: maskPlace) }
    /// Whether it has a mask to learn: tools that know boxes only write no `segmentation`, or an empty list.
    public var hasMask: Bool { parts.map { $0.whole > 0 } ?? false }
    /// Whether it has a mask to be compared: an outline with half a corner too many is one.
    public var hasComparableMask: Bool { parts.map { $0.drawn > 0 } ?? false }
    /// Whether parts of its polygons are left out, since they have no three corners.
    var hasBadParts: Bool { parts?.areCut ?? false }

    /// An object of the given class and place.
    public init(
      id: Int, imageID: Int, categoryID: Int, boundingBox: CornerBox, area: Double, isCrowd: Bool = false,
      ignore: Bool = false, segmentation: CocoSegmentation? = nil
    ) {
      self.id = id
      self.imageID = imageID
      self.categoryID = categoryID
      self.boundingBox = boundingBox
      self.area = area
      self.isCrowd = isCrowd
      self.ignore = ignore
      (store, maskPlace) = (segmentation.map { SegmentationStore($0) }, segmentation == nil ? -1 : 0)
    }

    /// An object that is being read; its mask is in a table until the file ends.
    init(
      id: Int, imageID: Int, categoryID: Int, boundingBox: CornerBox, area: Double, isCrowd: Bool,
      ignore: Bool, maskPlace: Int?
    ) {
      self.init(
        id: id, imageID: imageID, categoryID: categoryID, boundingBox: boundingBox, area: area,
        isCrowd: isCrowd, ignore: ignore)
      self.maskPlace = maskPlace ?? -1
    }

    /// Says where the masks of its file are.
    mutating func keep(in store: SegmentationStore) { self.store = maskPlace < 0 ? nil : store }
  }

  /// One class.
  public struct Category: Sendable, Equatable {
    /// Its id, any number; there may be gaps.
    public var id: Int
    /// Its name.
    public var name: String

    /// A class of the given id and name.
    public init(id: Int, name: String) {
      self.id = id
      self.name = name
    }
  }

  /// The file, as errors name it.
  public let file: String
  /// The pictures, in the order of the file.
  public let images: [Image]
  /// The objects of known pictures and classes, in the order of the file.
  public let annotations: [Annotation]
  /// The classes, in the order of the file.
  public let categories: [Category]
  /// Objects that are left out, as pycocotools leaves them out, because there is no such picture or class.
  public let faults: [Fault]

  /// An object that belongs nowhere.
  public struct Fault: Sendable, Equatable {
    /// What it lacks.
    public enum Kind: String, Sendable {
      /// There is no picture of that id.
      case unknownImage = "unknown_image"
      /// There is no class of that id.
      case unknownCategory = "unknown_category"
    }
    /// The object's id.
    public var annotationID: Int
    /// What it lacks.
    public var kind: Kind
    /// The id that does not exist.
    public var missingID: Int

    /// A fault of the given kind.
    public init(annotationID: Int, kind: Kind, missingID: Int) {
      self.annotationID = annotationID
      self.kind = kind
      self.missingID = missingID
    }
  }

  /// A sentence about objects, and parts of them, that are left out; nil when there are none.
  public var faultSummary: String? {
    var sentences: [String] = []
    if !faults.isEmpty {
      sentences.append(
        "annotations of images or categories that it does not list do not count: "
          + CocoError.list(faults.map(\.annotationID)))
    }
    let bad = annotations.filter(\.hasBadParts)
    if !bad.isEmpty {
      sentences.append(
        "parts of polygons that are not x, y of three or more corners are left out, of the annotations "
          + CocoError.list(bad.map(\.id)))
    }
    return sentences.isEmpty ? nil : "\(file): \(sentences.joined(separator: "; "))"
  }

  /// Annotations that are made, not read.
  ///
  /// - Throws: `CocoError` when an id occurs twice.
  public init(
    file: String, images: [Image], annotations: [Annotation], categories: [Category]
  ) throws(CocoError) {
    func unique(_ ids: [Int], _ what: String) throws(CocoError) -> Set<Int> {
      let set = Set(ids)
      guard set.count < ids.count else { return set }
      var seen = Set<Int>()
      let twice = ids.filter { !seen.insert($0).inserted }
      throw CocoError("\(what) ids that occur more than once: \(CocoError.list(twice))", file: file)
    }
    let imageIDs = try unique(images.map(\.id), "image")
    let categoryIDs = try unique(categories.map(\.id), "category")
    _ = try unique(annotations.map(\.id), "annotation")
    var faults: [Fault] = []
    for annotation in annotations {
      if !imageIDs.contains(annotation.imageID) {
        faults.append(
          Fault(annotationID: annotation.id, kind: .unknownImage, missingID: annotation.imageID))
      } else if !categoryIDs.contains(annotation.categoryID) {
        faults.append(
          Fault(annotationID: annotation.id, kind: .unknownCategory, missingID: annotation.categoryID))
      }
    }
    let left = Set(faults.map(\.annotationID))
    self.file = file
    self.images = images
    self.annotations = left.isEmpty ? annotations : annotations.filter { !left.contains($0.id) }
    self.categories = categories
    self.faults = faults
  }
}
