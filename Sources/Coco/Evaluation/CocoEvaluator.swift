import Masks

/// What is compared: boxes, masks, or boxes without regard to their class.
public enum CocoIoUType: String, Sendable, Codable, CaseIterable {
  /// Boxes.
  case bbox
  /// Masks.
  case segm
  /// Boxes, all classes as one, up to 1000 a picture: the recall of region proposals.
  case proposal

  /// How many detections of a picture and class count: three steps.
  public var maximumDetections: [Int] { self == .proposal ? [100, 300, 1000] : [1, 10, 100] }
}

/// A detection on a picture.
public struct CocoDetection: Sendable {
  /// The class, an id of the annotation file.
  public var categoryID: Int
  /// How sure the model is; only the order counts.
  public var score: Double
  /// (x, y, width, height), in pixels; without it the box of the mask.
  public var boundingBox: CornerBox?
  /// The mask, as large as the picture.
  public var mask: RunLengthMask?

  /// A detection of a class with a box, a mask, or both.
  public init(categoryID: Int, score: Double, boundingBox: CornerBox? = nil, mask: RunLengthMask? = nil) {
    self.categoryID = categoryID
    self.score = score
    self.boundingBox = boundingBox
    self.mask = mask
  }
}

/// COCO's evaluation, fed picture by picture: matches are kept, masks are not.
///
/// Gives pycocotools' numbers to the last bit (`cocoeval.py`), its habits included:
/// - detections beyond the largest of `maxDets` are cut by score, equal scores in the order given;
/// - detections of a picture that ask for a class which the file lacks are left out;
/// - the key `ignore` has no effect, crowds are ignored, and size is the annotation's `area`, a box's w · h, or a
///   mask's number of pixels;
/// - a match with the annotation of id 0 counts as none;
/// - pictures that are never fed count as pictures without detections.
///
/// One thing differs: where `maxDets` lacks 100, the first number is of its largest value, not -1.
public struct CocoEvaluator: Sendable {
  /// COCO's thresholds on the overlap: numpy's `linspace(0.5, 0.95, 10)`, which `0.5 + 0.05 * i` misses by a bit.
  public static let cocoThresholds: [Double] = {
    let step = (0.95 - 0.5) / 9
    var thresholds = (0..<9).map { index -> Double in Double(index) * step + 0.5 }
    thresholds.append(0.95)
    return thresholds
  }()

  /// Ranges of the area, in pixels: all, small, medium, large.
  static let areaRanges: [ClosedRange<Double>] = [0...1e10, 0...1024, 1024...9216, 9216...1e10]

  /// What is compared.
  public let iouType: CocoIoUType
  /// How many detections of a picture and class count, three rising steps.
  public let maxDets: [Int]
  /// The thresholds on the overlap, in the order asked for.
  public let iouThresholds: [Double]
  /// The classes, by id.
  let categories: [CocoAnnotations.Category]
  /// The ids of the pictures, rising.
  public let imageIDs: [Int]

  /// The place of each picture among the rising ids.
  let images: [Int: Int]
  private let imageSizes: [(height: Int, width: Int)]
  private let categoryIndices: [Int: Int]
  /// The objects of each picture by class, in the order of the file.
  let truths: [[(category: Int, element: CocoAnnotations.Annotation)]]
  let file: String
  /// Which pictures were fed, by place.
  var isFed: [Bool]
  /// The matches, by class; one list for all classes of proposals.
  var matches: [CategoryMatches]

  /// An evaluator of the given ground truth.
  ///
  /// - Parameters:
  ///   - maxDets: Three numbers; `iouType.maximumDetections` unless given.
  ///   - imageIDs: The pictures that count; all unless given.
  ///   - categoryIDs: The classes that count; all unless given.
  ///   - iouThresholds: Thresholds on the overlap, 0 to 1; 0.50, 0.55, ... 0.95 unless given.
  /// - Throws: `CocoError` for ids that the annotations lack, steps that are not three positive numbers, and thresholds
  ///   that are none.
  public init(
    annotations: CocoAnnotations, iouType: CocoIoUType, maxDets: [Int]? = nil, imageIDs: [Int]? = nil,
    categoryIDs: [Int]? = nil, iouThresholds: [Double]? = nil
  ) throws(CocoError) {
    let thresholds = iouThresholds ?? Self.cocoThresholds
    guard !thresholds.isEmpty, thresholds.allSatisfy({ (0...1).contains($0) }) else {
      throw CocoError("iou-thrs are one or more numbers from 0 to 1, such as 0.5 0.75; got \(thresholds)")
    }
    let steps = (maxDets ?? iouType.maximumDetections).sorted()
    guard steps.count == 3, steps[0] > 0 else {
      throw CocoError("max-dets are three positive numbers, such as 1 10 100; got \(steps)")
    }
    func chosen(_ ids: [Int]?, of known: [Int], _ what: String) throws(CocoError) -> [Int] {
      guard let ids else { return known.sorted() }
      let unknown = Set(ids).subtracting(known).sorted()
      guard unknown.isEmpty else {
        throw CocoError("\(what) ids that the file lacks: \(CocoError.list(unknown))", file: annotations.file)
      }
      return Set(ids).sorted()
    }
    let imageIDs = try chosen(imageIDs, of: annotations.images.map(\.id), "image")
    let categoryIDs = try chosen(categoryIDs, of: annotations.categories.map(\.id), "category")
    let images = Dictionary(uniqueKeysWithValues: zip(imageIDs, imageIDs.indices))
    let categoryIndices = Dictionary(uniqueKeysWithValues: zip(categoryIDs, categoryIDs.indices))

    var truths = [[(category: Int, element: CocoAnnotations.Annotation)]](
      repeating: [], count: imageIDs.count)
    for annotation in annotations.annotations {
      guard let image = images[annotation.imageID], let category = categoryIndices[annotation.categoryID]
      else {
        continue
      }
      truths[image].append((category, annotation))
    }
    var sizes = [(height: Int, width: Int)](repeating: (0, 0), count: imageIDs.count)
    for image in annotations.images {
      if let index = images[image.id] { sizes[index] = (image.height, image.width) }
    }

    self.iouType = iouType
    self.maxDets = steps
    self.iouThresholds = thresholds
    self.imageIDs = imageIDs
    self.images = images
    self.imageSizes = sizes
    self.categoryIndices = categoryIndices
    self.truths = truths
    self.file = annotations.file
    categories = annotations.categories.filter { categoryIndices[$0.id] != nil }.sorted { $0.id < $1.id }
    isFed = [Bool](repeating: false, count: imageIDs.count)
    matches = [CategoryMatches](
      repeating: CategoryMatches(thresholds: thresholds), count: iouType == .proposal ? 1 : categoryIDs.count)
    for objects in truths {
      for (category, annotation) in objects {
        matches[iouType == .proposal ? 0 : category].countTruth(annotation)
      }
    }
  }

  /// How many pictures were fed.
  public var fedCount: Int { isFed.count { $0 } }

  /// Matches the detections of one picture.
  ///
  /// - Throws: `CocoError` for a picture that is unknown or was fed before, a score that is not a number, and
  ///   detections or objects without what is compared.
  public mutating func add(imageID: Int, detections: [CocoDetection]) throws(CocoError) {
    guard let image = images[imageID] else {
      throw CocoError("there is no image \(imageID) to be evaluated", file: file)
    }
    guard !isFed[image] else {
      throw CocoError("the detections of image \(imageID) were given twice", file: file)
    }
    for (index, detection) in detections.enumerated() where detection.score.isNaN {
      throw CocoError("detection \(index) of image \(imageID) has the score NaN: the model has diverged")
    }
    isFed[image] = true

    // Proposals: one group, ordered by class first, as pycocotools puts its lists together.
    let isProposal = iouType == .proposal
    var found: [(category: Int, element: CocoDetection)] = []
    for detection in detections {
      if let category = categoryIndices[detection.categoryID] { found.append((category, detection)) }
    }
    var objects = truths[image]
    if isProposal {
      found = sortedByCategory(found)
      objects = sortedByCategory(objects)
    }
    var groups: [Int: (detections: [CocoDetection], truths: [CocoAnnotations.Annotation])] = [:]
    for (category, detection) in found {
      groups[isProposal ? 0 : category, default: ([], [])].detections.append(detection)
    }
    // Classes without a detection only count their objects, which is done already.
    for (category, annotation) in objects {
      groups[isProposal ? 0 : category]?.truths.append(annotation)
    }
    for (category, group) in groups {
      let best = bestDetections(group.detections)
      let compared = try overlaps(best, group.truths, imageID: imageID, size: imageSizes[image])
      matches[category].append(
        image: image, scores: best.map(\.score), areas: compared.areas, truths: group.truths,
        overlaps: compared.ious)
    }
  }

  /// As many detections as count, by falling score, equal ones in the order given.
  private func bestDetections(_ detections: [CocoDetection]) -> [CocoDetection] {
    let order = detections.indices.sorted { a, b in
      let (first, second) = (detections[a].score, detections[b].score)
      return first != second ? first > second : a < b
    }
    return order.prefix(maxDets[2]).map { detections[$0] }
  }

  private func sortedByCategory<Element>(
    _ pairs: [(category: Int, element: Element)]
  ) -> [(category: Int, element: Element)] {
    let order = pairs.indices.sorted { a, b in
      let (first, second) = (pairs[a].category, pairs[b].category)
      return first != second ? first < second : a < b
    }
    return order.map { pairs[$0] }
  }

  /// The areas of detections, and their overlaps with objects, `[detections, truths]`.
  private func overlaps(
    _ detections: [CocoDetection], _ truths: [CocoAnnotations.Annotation], imageID: Int,
    size: (height: Int, width: Int)
  ) throws(CocoError) -> (areas: [Double], ious: [Double]) {
    let isCrowd = truths.map(\.isCrowd)
    guard iouType == .segm else {
      var boxes: [CornerBox] = []
      var areas: [Double] = []
      for detection in detections {
        if let box = detection.boundingBox {
          boxes.append(box)
          areas.append(box.width * box.height)
        } else if let mask = detection.mask {
          boxes.append(mask.boundingBox)
          areas.append(Double(mask.area))
        } else {
          throw CocoError("a detection of image \(imageID) has neither a box nor a mask")
        }
      }
      return (areas, boxIoU(boxes, truths.map(\.boundingBox), isCrowd: isCrowd))
    }
    var masks: [RunLengthMask] = []
    for detection in detections {
      guard let mask = detection.mask else {
        throw CocoError("a detection of image \(imageID) has no mask, which segm compares")
      }
      guard mask.height == size.height, mask.width == size.width else {
        throw CocoError(
          "a mask of image \(imageID) has \(mask.height) x \(mask.width) pixels (height x width), "
            + "the image has \(size.height) x \(size.width)")
      }
      masks.append(mask)
    }
    var objects: [RunLengthMask] = []
    for truth in truths {
      objects.append(try truth.mask(height: size.height, width: size.width, file: file))
    }
    do throws(MaskError) {
      return (masks.map { Double($0.area) }, try RunLengthMask.iou(masks, objects, isCrowd: isCrowd))
    } catch {
      throw CocoError("image \(imageID): \(error)", file: file)
    }
  }
}

extension CocoEvaluator {
  /// Evaluates a whole list of results.
  ///
  /// - Throws: `CocoError` for results of unknown pictures, and as `add`.
  public static func evaluate(
    _ results: CocoResults, against annotations: CocoAnnotations, iouType: CocoIoUType, maxDets: [Int]? = nil
  ) throws(CocoError) -> CocoSummary {
    var evaluator = try CocoEvaluator(annotations: annotations, iouType: iouType, maxDets: maxDets)
    try evaluator.add(results, of: annotations)
    return evaluator.summary()
  }

  /// Matches a whole list of results; those of pictures that do not count are passed over.
  ///
  /// - Parameter annotations: Those that the evaluator was made of.
  /// - Throws: `CocoError` for results of unknown pictures, and as `add`.
  public mutating func add(_ results: CocoResults, of annotations: CocoAnnotations) throws(CocoError) {
    try results.checkImages(in: annotations)
    let rows = Dictionary(grouping: results.rows.indices) { results.rows[$0].imageID }
    for image in annotations.images where images[image.id] != nil {
      var detections: [CocoDetection] = []
      for index in rows[image.id] ?? [] {
        detections.append(try results.detection(at: index, on: image, iouType: iouType))
      }
      try add(imageID: image.id, detections: detections)
    }
  }
}

extension CocoResults {
  /// A row with what is compared.
  ///
  /// - Throws: `CocoError` where that is missing or no mask of the image.
  func detection(
    at index: Int, on image: CocoAnnotations.Image, iouType: CocoIoUType
  ) throws(CocoError) -> CocoDetection {
    let row = rows[index]
    var detection = CocoDetection(
      categoryID: row.categoryID, score: row.score, boundingBox: row.boundingBox)
    guard iouType == .segm || row.boundingBox == nil else { return detection }
    guard let segmentation = row.segmentation else {
      throw CocoError("result \(index), from 0, has no segmentation, which segm compares", file: file)
    }
    do throws(MaskError) {
      detection.mask = try segmentation.mask(height: image.height, width: image.width)
    } catch {
      throw CocoError("result \(index), from 0, of image \(image.id): \(error)", file: file)
    }
    return detection
  }
}

extension CocoAnnotations.Annotation {
  /// Its mask on its image.
  ///
  /// - Throws: `CocoError` where it has none, or one that is no mask of the image.
  func mask(height: Int, width: Int, file: String) throws(CocoError) -> RunLengthMask {
    guard let segmentation else {
      throw CocoError("annotation \(id) has no segmentation, which segm compares", file: file)
    }
    do throws(MaskError) { return try segmentation.mask(height: height, width: width) } catch {
      throw CocoError("annotation \(id): \(error)", file: file)
    }
  }
}
