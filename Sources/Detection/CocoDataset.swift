import Coco
import Configuration
import Data
import Imaging
import Masks

/// Images with a COCO annotation file (mmdetection's `CocoDataset`).
///
/// A class is numbered by its place in `metainfo.classes`, whatever the order of the file; without `metainfo` the
/// file's categories are the classes, in its order.
public struct CocoDataset: Dataset {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable, OutlinedDataset {
    var settings: DatasetSettings
    var annotationFile: String
    var images: String
    var filter: Filter

    /// `filter_cfg`: which images take part in training.
    struct Filter: Decodable, Sendable {
      var dropsEmpty = false
      var smallestSide = 0

      enum CodingKeys: String, CodingKey {
        case dropsEmpty = "filter_empty_gt"
        case smallestSide = "min_size"
      }

      init() {}

      init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        dropsEmpty = try keys.decodeIfPresent(Bool.self, forKey: .dropsEmpty) ?? false
        smallestSide = try keys.decodeIfPresent(Int.self, forKey: .smallestSide) ?? 0
      }
    }

    private struct Prefix: Decodable {
      var img: String?
    }

    enum CodingKeys: String, CodingKey {
      case annotationFile = "ann_file"
      case prefix = "data_prefix"
      case filter = "filter_cfg"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      settings = try DatasetSettings(from: decoder)
      annotationFile = try keys.decode(String.self, forKey: .annotationFile)
      images = try keys.decodeIfPresent(Prefix.self, forKey: .prefix)?.img ?? ""
      filter = try keys.decodeIfPresent(Filter.self, forKey: .filter) ?? Filter()
    }

    /// Classes may be the file's; COCO's own have COCO's colours.
    public func outline(in context: DataContext) -> DatasetOutline {
      DatasetOutline(classes: settings.classes, pipeline: settings.pipeline) { [palette = settings.palette] in
        palette.isEmpty ? CocoClasses.palette(for: $0) : palette
      }
    }
  }

  /// Classes and colours.
  public let metainfo: DatasetMetainfo
  /// What happens to each sample.
  public let pipeline: Pipeline
  /// Whether each image has to come out as it is.
  public let isTest: Bool
  /// The annotation file.
  public let annotations: CocoAnnotations
  /// The file's id of each class.
  public let categoryIDs: [Int]

  /// The images that take part, with the places of their annotations.
  private let images: [(image: CocoAnnotations.Image, annotations: [Int])]
  private let labels: [Int: Int]
  private let folder: String
  private let onBrokenImage: BrokenImagePolicy

  /// Reads the annotation file and compares its classes with the config's.
  ///
  /// - Throws: `CocoError` when the file is not COCO's; `DataError` when it lacks a class of the config, when a file
  ///   name leaves the image folder, or when no image is left; `ConfigurationError` about the pipeline.
  public init(_ configuration: Configuration, in context: DataContext) throws {
    let settings = configuration.settings
    let path = settings.path(configuration.annotationFile)
    annotations = try CocoAnnotations(contentsOf: path)
    let categories = try Self.categories(of: annotations, wanted: settings.classes, file: path)
    let classes = categories.map(\.name)
    metainfo = DatasetMetainfo(
      classes: classes,
      palette: settings.palette.isEmpty ? CocoClasses.palette(for: classes) : settings.palette)
    categoryIDs = categories.map(\.id)
    labels = Dictionary(uniqueKeysWithValues: categoryIDs.enumerated().map { ($1, $0) })
    isTest = settings.isTest
    onBrokenImage = settings.onBrokenImage
    folder = settings.path(configuration.images)
    pipeline = try Pipeline(settings.pipeline, in: context)

    var places: [Int: [Int]] = [:]
    for (place, annotation) in annotations.annotations.enumerated() {
      places[annotation.imageID, default: []].append(place)
    }
    let all = annotations.images.map { (image: $0, annotations: places[$0.id] ?? []) }
    let kept =
      settings.isTest
      ? all
      : try Self.filtered(
        all, by: configuration.filter, annotations, labels: labels, classes: classes, file: path)
    images = try settings.selected(from: kept, file: path)
    guard !images.isEmpty else {
      throw DataError(file: path, "0 of \(all.count) images left: the file or indices name none")
    }
    for (image, _) in images {
      if let problem = Self.problem(with: image) {
        throw DataError(file: path, "image \(image.id) \(problem)")
      }
    }
    guard settings.isTest || !configuration.filter.dropsEmpty || hasObjects else {
      throw DataError(
        file: path,
        "\(images.count) of \(all.count) images left, and none of their annotations is an object to learn from: "
          + "all are crowds, ignored, outside their image or without area; wanted are objects of the classes "
          + list(classes))
    }
  }

  /// Whether any image has an object that plays a part in training.
  private var hasObjects: Bool {
    images.contains { image, places in
      places.contains { instance(annotations.annotations[$0], in: image).map { !$0.isIgnored } ?? false }
    }
  }

  /// How many images take part.
  public var count: Int { images.count }

  /// An image with its objects, before the pipeline.
  public func sample(at index: Int) throws -> Sample {
    let (image, places) = images[index]
    return Sample(
      index: index, imageID: image.id, imagePath: DatasetSettings.path(image.fileName ?? "", below: folder),
      size: ImageSize(height: image.height, width: image.width),
      annotations: places.compactMap { instance(annotations.annotations[$0], in: image) },
      onBrokenImage: onBrokenImage)
  }

  /// The image's size as the annotation file gives it.
  public func size(at index: Int) -> ImageSize {
    ImageSize(height: images[index].image.height, width: images[index].image.width)
  }

  /// An object, unless mmdetection drops it at loading: `ignore`, outside the image, without area, thinner than a
  /// pixel, or of another class.
  private func instance(
    _ annotation: CocoAnnotations.Annotation, in image: CocoAnnotations.Image
  ) -> InstanceAnnotation? {
    let (x, y, width, height) = annotation.boundingBox
    let shared =
      max(0, min(x + width, Double(image.width)) - max(x, 0))
      * max(0, min(y + height, Double(image.height)) - max(y, 0))
    guard !annotation.ignore, shared > 0, annotation.area > 0, width >= 1, height >= 1,
      let label = labels[annotation.categoryID]
    else { return nil }
    let mask: MaskAnnotation? =
      switch annotation.segmentation {
      case .polygons(let parts)?: .polygons(parts)
      case .runLengths(let counts, let height, let width)?: .runs(counts, height: height, width: width)
      case .compressed(let text, let height, let width)?: .compressedRuns(text, height: height, width: width)
      case nil: nil
      }
    return InstanceAnnotation(
      box: SIMD4(Float(x), Float(y), Float(x + width), Float(y + height)), label: label,
      isIgnored: annotation.isCrowd, mask: mask)
  }

  /// The file's category of each class; a class that the file lacks stops the run before its first step.
  private static func categories(
    of annotations: CocoAnnotations, wanted: [String]?, file: String
  ) throws -> [CocoAnnotations.Category] {
    // Of two categories of one name the one without objects is left out: some tools write a group of categories as
    // a category of its own.
    let used = Set(annotations.annotations.map(\.categoryID))
    let named = Dictionary(grouping: annotations.categories, by: \.name)
    let ambiguous = named.filter { $1.count { used.contains($0.id) } > 1 }.keys.sorted()
    guard ambiguous.isEmpty else {
      throw DataError(
        file: file,
        "has objects of several categories of one name: \(list(ambiguous)). Give each its own name.")
    }
    let chosen = named.compactMapValues { same in same.first { used.contains($0.id) } ?? same.last }
    let all = annotations.categories.filter { chosen[$0.name]?.id == $0.id }
    guard !all.isEmpty || annotations.images.isEmpty else {
      throw DataError(
        file: file, "has no categories: list the classes in \"categories\", each with id and name")
    }
    let missing = (wanted ?? []).filter { chosen[$0] == nil }
    guard missing.isEmpty else {
      throw DataError(
        file: file,
        "has no category \(list(missing)).\n  metainfo.classes: \(list(wanted ?? []))\n  categories of the file: "
          + "\(list(all.map(\.name)))\n  Correct metainfo.classes, or leave it out: the classes "
          + "are then the file's.")
    }
    return wanted?.compactMap { chosen[$0] } ?? all
  }

  private static func filtered(
    _ images: [(image: CocoAnnotations.Image, annotations: [Int])], by filter: Configuration.Filter,
    _ annotations: CocoAnnotations, labels: [Int: Int], classes: [String], file: String
  ) throws -> [(image: CocoAnnotations.Image, annotations: [Int])] {
    var empty = 0
    var small = 0
    let kept = images.filter { image, places in
      if filter.dropsEmpty, !places.contains(where: { labels[annotations.annotations[$0].categoryID] != nil })
      {
        empty += 1
        return false
      }
      guard min(image.height, image.width) >= filter.smallestSide else {
        small += 1
        return false
      }
      return true
    }
    guard kept.isEmpty, !images.isEmpty else { return kept }
    var reasons: [String] = []
    if empty > 0 { reasons.append("\(empty) have no annotation of the classes \(list(classes))") }
    if small > 0 { reasons.append("\(small) have a side below \(filter.smallestSide) pixels") }
    throw DataError(
      file: file,
      "0 of \(images.count) images left: \(reasons.joined(separator: ", ")); the file has the classes "
        + list(annotations.categories.map(\.name)))
  }

  /// What is wrong with an image's file name: it has to stay within the image folder.
  static func problem(with image: CocoAnnotations.Image) -> String? {
    guard let name = image.fileName, !name.isEmpty else { return "has no file_name" }
    if name.utf8.contains(0) { return "has a file_name with a zero byte: \(name.debugDescription)" }
    guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
      return
        "has a file_name that leaves the image folder, \(name.debugDescription); names below data_prefix.img "
        + "are wanted"
    }
    return nil
  }
}

/// Names as errors show them.
private func list(_ names: [String]) -> String {
  let shown = names.prefix(100).joined(separator: ", ")
  return names.count > 100 ? "[\(shown), … \(names.count) in all]" : "[\(shown)]"
}
