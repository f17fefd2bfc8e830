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
    /// Where the images are.
    var files: FilePlace
    var filter: Filter

    /// `filter_cfg`: which images take part in training.
    struct Filter: Decodable, Sendable {
      var dropsEmpty = false
      var smallestSide = 0
      /// `bbox_min_size` of `XMLDataset`: boxes with a side below it play no part.
      var smallestBox = 0.0

      enum CodingKeys: String, CodingKey {
        case smallestBox = "bbox_min_size"
        case dropsEmpty = "filter_empty_gt"
        case smallestSide = "min_size"
      }

      init() {}

      init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        dropsEmpty = try keys.decodeIfPresent(Bool.self, forKey: .dropsEmpty) ?? false
        smallestSide = try keys.decodeIfPresent(Int.self, forKey: .smallestSide) ?? 0
        smallestBox = try keys.decodeIfPresent(Double.self, forKey: .smallestBox) ?? 0
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
      let prefix = try keys.decodeIfPresent(Prefix.self, forKey: .prefix)?.img
      files = FilePlace(
        folder: settings.path(prefix ?? ""), isNamed: prefix != nil,
        allowsMissing: settings.onBrokenImage == .skip)
      filter = try keys.decodeIfPresent(Filter.self, forKey: .filter) ?? Filter()
    }

    /// Classes may be the file's; COCO's own have COCO's colours.
    public func outline(in context: DataContext) -> DatasetOutline {
      DatasetOutline(
        classes: settings.classes, usualClasses: CocoClasses.names, pipeline: settings.pipeline
      ) { [palette = settings.palette] in
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
  /// Objects that play no part because something is wrong with them.
  public private(set) var warnings: [String] = []

  /// The annotation file.
  public let annotationSources: [AnnotationSource]

  /// The images that take part, with the places of their annotations.
  private let images: [(image: CocoAnnotations.Image, annotations: [Int])]
  private let labels: [Int: Int]
  private let files: FilePlace
  private let onBrokenImage: BrokenImagePolicy

  /// Reads the annotation file and compares its classes with the config's.
  ///
  /// - Throws: `CocoError` when the file is not COCO's; `DataError` when it lacks a class of the config, when a file
  ///   name leaves the image folder, or when no image is left; `ConfigurationError` about the pipeline.
  public init(_ configuration: Configuration, in context: DataContext) throws {
    let path = configuration.settings.path(configuration.annotationFile)
    try self.init(
      Source(
        annotations: try CocoAnnotations(contentsOf: path), sources: [.file(path)],
        files: configuration.files,
        filter: configuration.filter), configuration.settings, in: context)
  }

  /// What a data set is made of, whatever format the files have.
  struct Source {
    var annotations: CocoAnnotations
    var sources: [AnnotationSource]
    var files: FilePlace
    var filter: Configuration.Filter
    /// What is left out of the files, a sentence each.
    var warnings: [String] = []
  }

  /// Compares the classes of annotations with the config's.
  ///
  /// - Throws: What `init(_:in:)` throws.
  init(_ source: Source, _ settings: DatasetSettings, in context: DataContext) throws {
    annotations = source.annotations
    annotationSources = source.sources
    let path = annotations.file
    let categories = try Self.categories(
      annotations.categories, used: Set(annotations.annotations.map(\.categoryID)), wanted: settings.classes,
      hasImages: !annotations.images.isEmpty, file: path)
    let classes = categories.map(\.name)
    categoryIDs = categories.map(\.id)
    var metainfo = DatasetMetainfo(
      classes: classes,
      palette: settings.palette.isEmpty ? CocoClasses.palette(for: classes) : settings.palette)
    if categoryIDs != CocoClasses.usualCategories(for: classes) { metainfo.categoryIDs = categoryIDs }
    self.metainfo = metainfo
    labels = Dictionary(uniqueKeysWithValues: categoryIDs.enumerated().map { ($1, $0) })
    isTest = settings.isTest
    onBrokenImage = settings.onBrokenImage
    files = source.files
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
        all, by: source.filter, annotations, labels: labels, classes: classes, file: path)
    images = try settings.selected(from: kept, file: path)
    guard !images.isEmpty else {
      throw DataError(file: path, "0 of \(all.count) images left: the file or indices name none")
    }
    for (image, _) in images {
      if let problem = files.problem(with: image) {
        throw DataError(file: path, "image \(image.id) \(problem)")
      }
    }
    guard settings.isTest || !source.filter.dropsEmpty || hasObjects else {
      throw DataError(
        file: path,
        "\(images.count) of \(all.count) images left, and none of their annotations is an object to learn from: "
          + "all are crowds, ignored, outside their image or without area; wanted are objects of the classes "
          + list(classes))
    }
    warnings = source.warnings + [annotations.faultSummary].compactMap { $0 } + (try maskWarnings(file: path))
  }

  /// What training with masks does about objects that have none.
  ///
  /// - Throws: `DataError` where no object has one: nothing would be learnt.
  private func maskWarnings(file: String) throws -> [String] {
    guard !isTest, pipeline.loads.contains(.masks) else { return [] }
    var (objects, bare) = (0, 0)
    for (image, places) in images {
      for annotation in places.lazy.map({ annotations.annotations[$0] })
      where !annotation.isCrowd && takesPart(annotation, in: image) {
        objects += 1
        if !annotation.hasMask { bare += 1 }
      }
    }
    guard bare > 0 else { return [] }
    guard bare < objects else {
      throw DataError(
        file: file,
        "none of \(objects) annotations has a segmentation, but the pipeline loads masks (with_mask: true). For boxes "
          + "only set with_mask: false, leave mask_head and mask_roi_extractor out of model.roi_head (null where a "
          + "_base_ has them) and validate with metric: bbox")
    }
    return [
      "\(file): \(bare) of \(objects) annotations have no segmentation; the pipeline loads masks (with_mask: true), so "
        + "training ignores these objects"
    ]
  }

  /// Whether any image has an object that plays a part in training.
  private var hasObjects: Bool {
    images.contains { image, places in
      places.contains {
        let annotation = annotations.annotations[$0]
        return !annotation.isCrowd && takesPart(annotation, in: image)
      }
    }
  }

  /// How many images take part.
  public var count: Int { images.count }

  /// An image with its objects, before the pipeline.
  public func sample(at index: Int) throws -> Sample {
    let (image, places) = images[index]
    return Sample(
      index: index, imageID: image.id, imagePath: files.path(of: image),
      size: ImageSize(height: image.height, width: image.width),
      annotations: places.compactMap { instance(annotations.annotations[$0], in: image) },
      onBrokenImage: onBrokenImage)
  }

  /// The image's size as the annotation file gives it.
  public func size(at index: Int) -> ImageSize {
    ImageSize(height: images[index].image.height, width: images[index].image.width)
  }

  /// Whether mmdetection keeps an object at loading: not those with `ignore`, outside the image, without area, thinner
  /// than a pixel, or of another class.
  private func takesPart(_ annotation: CocoAnnotations.Annotation, in image: CocoAnnotations.Image) -> Bool {
    let (x, y, width, height) = annotation.boundingBox
    let shared =
      max(0, min(x + width, Double(image.width)) - max(x, 0))
      * max(0, min(y + height, Double(image.height)) - max(y, 0))
    return !annotation.ignore && shared > 0 && annotation.area > 0 && width >= 1 && height >= 1
      && labels[annotation.categoryID] != nil
  }

  /// An object, unless mmdetection drops it at loading.
  private func instance(
    _ annotation: CocoAnnotations.Annotation, in image: CocoAnnotations.Image
  ) -> InstanceAnnotation? {
    guard takesPart(annotation, in: image), let label = labels[annotation.categoryID] else { return nil }
    let (x, y, width, height) = annotation.boundingBox
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
}

extension CocoDataset: InstanceTruthSource {
  /// The annotation file's objects on the images that take part.
  public func instanceTruth() -> InstanceTruth? {
    InstanceTruth(annotations: annotations, categoryIDs: categoryIDs, imageIDs: images.map(\.image.id))
  }
}
