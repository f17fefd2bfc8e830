import Masks
import Tensors

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
  let matcher: ImageMatcher
  /// The objects of each picture by class, in the order of the file.
  var truths: [[(category: Int, element: CocoAnnotations.Annotation)]] { matcher.truths }
  var file: String { matcher.file }
  /// Which pictures were fed, by place.
  var isFed: [Bool]
  /// The matches, by class; one list for all classes of proposals.
  var matches: [CategoryMatches]

  /// An evaluator of the given ground truth.
  ///
  /// - Parameters:
  ///   - annotations: The ground truth.
  ///   - iouType: Boxes, masks, or boxes without regard to their class.
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
    matcher = ImageMatcher(
      iouType: iouType, thresholds: thresholds, limit: steps[2], file: annotations.file,
      categories: categoryIndices, truths: truths, sizes: sizes)
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
    let counting = detections.filter { matcher.categories[$0.categoryID] != nil }
    var candidates: [ImageMatcher.Candidate] = []
    for (shape, detection) in counting.enumerated() {
      guard let category = matcher.categories[detection.categoryID] else { continue }
      candidates.append(ImageMatcher.Candidate(category: category, score: detection.score, shape: shape))
    }
    var found = MatchedGroups(thresholds: iouThresholds)
    try matcher.match(
      candidates, try matcher.shapes(of: counting, image: image, imageID: imageID), image: image, into: &found
    )
    isFed[image] = true
    take(found)
  }

  private mutating func take(_ found: MatchedGroups) {
    for group in found.groups { matches[group.category].append(group, of: found) }
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

  /// Matches a whole list of results with the annotations that the evaluator was made of; results of pictures that do
  /// not count are passed over.
  ///
  /// - Throws: `CocoError` for results of unknown pictures, and as `add`.
  public mutating func add(_ results: CocoResults, of annotations: CocoAnnotations) throws(CocoError) {
    let fed = try rows(of: results, annotations)
    for image in fed where isFed[image.place] {
      throw CocoError("the detections of image \(image.id) were given twice", file: file)
    }
    let (matcher, thresholds) = (matcher, iouThresholds)
    let pieces = (fed.count + Self.imagesAtOnce - 1) / Self.imagesAtOnce
    let found = Gathered<Result<MatchedGroups, CocoError>>(pieces)
    parallel(pieces) { piece in
      let range = piece * Self.imagesAtOnce..<min((piece + 1) * Self.imagesAtOnce, fed.count)
      found.set(piece, matcher.match(fed[range], results, thresholds: thresholds))
    }
    if let failure = found.first(where: { if case .failure = $0 { true } else { false } }) {
      _ = try failure.get()
    }
    for image in fed { isFed[image.place] = true }
    // One after the other is let go, so that memory holds all matches once.
    for piece in 0..<pieces {
      if case .success(let groups)? = found.take(piece) { take(groups) }
    }
  }

  /// Images that one thread matches one after the other.
  private static let imagesAtOnce = 32

  /// An image and its rows among the results.
  fileprivate struct FedImage: Sendable {
    var id: Int
    /// Its place among the rising ids.
    var place: Int
    var rows: [Int]
  }

  /// The images that count, in the order of the file, each with its rows.
  ///
  /// - Throws: `CocoError` for results of unknown pictures.
  private func rows(
    of results: CocoResults, _ annotations: CocoAnnotations
  ) throws(CocoError) -> [FedImage] {
    var fed: [FedImage] = []
    // Images that do not count have no place.
    var places: [Int: Int] = [:]
    for image in annotations.images {
      places[image.id] = -1
      guard let place = images[image.id] else { continue }
      places[image.id] = fed.count
      fed.append(FedImage(id: image.id, place: place, rows: []))
    }
    // Rows of one image mostly follow each other.
    var last: (id: Int, place: Int)?
    for (index, row) in results.rows.enumerated() {
      if last?.id != row.imageID {
        guard let place = places[row.imageID] else {
          try results.checkImages(in: annotations)
          return []
        }
        last = (row.imageID, place)
      }
      if let last, last.place >= 0 { fed[last.place].rows.append(index) }
    }
    return fed
  }
}

extension ImageMatcher {
  /// Matches images one after the other.
  fileprivate func match(
    _ images: ArraySlice<CocoEvaluator.FedImage>, _ results: CocoResults, thresholds: [Double]
  ) -> Result<MatchedGroups, CocoError> {
    var found = MatchedGroups(thresholds: thresholds)
    for image in images {
      var candidates: [Candidate] = []
      candidates.reserveCapacity(image.rows.count)
      for (shape, row) in image.rows.enumerated() {
        guard let category = categories[results.rows[row].categoryID] else { continue }
        candidates.append(Candidate(category: category, score: results.rows[row].score, shape: shape))
      }
      do throws(CocoError) {
        let shapes = try shapes(of: image.rows, results, image: image.place, imageID: image.id)
        try match(candidates, shapes, image: image.place, into: &found)
      } catch { return .failure(error) }
    }
    return .success(found)
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
