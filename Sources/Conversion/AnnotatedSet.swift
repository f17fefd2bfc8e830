import Coco
import Data
import Files
import Imaging
import Masks

/// Pictures with objects, whatever format described them: what every reader gives and every writer takes.
public struct AnnotatedSet: Sendable {
  /// One object, or one region of a class.
  public struct Object: Sendable {
    /// Its class.
    public var className: String
    /// (x, y, width, height), in pixels.
    public var box: CornerBox
    /// Its outline or region, if the format has one.
    public var segmentation: CocoSegmentation?
    /// Whether it holds many objects, or is one that nobody has to find (VOC's `difficult`).
    public var isCrowd = false
    /// COCO's key `ignore`.
    public var isIgnored = false
    /// Whether it is a region of something that has no instances, as sky: of use in label maps only.
    public var isStuff = false
    /// Its id in the file it came from, where that has any.
    public var id: Int?

    /// An object with a box alone.
    public init(className: String, box: CornerBox) { (self.className, self.box) = (className, box) }

    /// An object of outlines: `x y x y ...` each.
    public init(className: String, outlines: [[Double]]) {
      let xs = outlines.flatMap { part in stride(from: 0, to: part.count - 1, by: 2).map { part[$0] } }
      let ys = outlines.flatMap { part in stride(from: 1, to: part.count, by: 2).map { part[$0] } }
      let (left, top) = (xs.min() ?? 0, ys.min() ?? 0)
      self.init(className: className, box: (left, top, (xs.max() ?? 0) - left, (ys.max() ?? 0) - top))
      segmentation = .polygons(outlines)
    }

    /// An object of pixels.
    public init(className: String, mask: RunLengthMask) {
      self.init(className: className, box: mask.boundingBox)
      segmentation = .compressed(mask.compressed, height: mask.height, width: mask.width)
    }
  }

  /// One picture.
  public struct Image: Sendable {
    /// Its file.
    public var path: String
    /// Its size, as the annotations mean it.
    public var size: ImageSize
    /// What is in it.
    public var objects: [Object] = []
    /// Its id in the file it came from, where that has any.
    public var id: Int?
    /// The file that describes it, for messages.
    public var source: String

    /// A picture without objects.
    public init(path: String, size: ImageSize, id: Int? = nil, source: String) {
      (self.path, self.size, self.id, self.source) = (path, size, id, source)
    }
  }

  /// `train`, `val`, `test`, where the format tells; nil: one set.
  public var split: String?
  /// The classes, in the order of their numbers.
  public var classes: [String] = []
  /// The number of each class in the file it came from, where that has its own.
  public var categoryIDs: [Int]?
  /// The pictures, in the order of the format.
  public var images: [Image] = []
  /// The files that were read for it, pictures apart.
  public var sources: [String] = []

  /// An empty set.
  public init(split: String? = nil) { self.split = split }

  /// How many objects there are.
  public var objectCount: Int { images.reduce(0) { $0 + $1.objects.count } }

  /// The folder that all pictures lie in or below.
  public var imageFolder: String { Folder.common(of: images.map(\.path)) }
}

/// What was read, and what could not be.
public struct AnnotationReading: Sendable {
  /// One a split.
  public internal(set) var sets: [AnnotatedSet] = []
  /// What is not in the sets (errors), and what is odd about them (notes): each with its file, and its id if it has one.
  public internal(set) var faults: [DataFault] = []

  /// Adds what was found later.
  package mutating func add(_ more: [DataFault]) { faults += more }

  /// Leaves out all sets but that of a split, and what is wrong with files that only the others are from.
  public mutating func keep(split: String) {
    let kept = Set(sets.filter { $0.split == split }.flatMap(\.sources))
    let left = Set(sets.filter { $0.split != split }.flatMap(\.sources)).subtracting(kept)
    faults.removeAll { left.contains($0.file) }
    sets.removeAll { $0.split != split }
  }
}

/// A path as it is from a folder that it lies in or below.
func relative(_ path: String, to folder: String) -> String {
  guard !folder.isEmpty, path.hasPrefix(folder) else { return path }
  return String(path.dropFirst(folder.count).drop { $0 == "/" })
}
