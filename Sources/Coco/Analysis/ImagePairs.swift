import Masks

/// The detections and objects of one image, whatever their class, and how much each pair overlaps.
struct ImagePairs: Sendable {
  /// A detection.
  struct Detection: Sendable {
    /// The class's place among the rising ids.
    var category: Int
    var score: Double
    /// Its row among the results.
    var row: Int
    /// Whether it lies in a crowd of its class.
    var isInCrowd: Bool
  }

  /// An object that is to be found.
  struct Truth: Sendable {
    /// The class's place among the rising ids.
    var category: Int
    /// The annotation's id.
    var id: Int
  }

  let imageID: Int
  /// By falling score, equal ones in the order of the file.
  let detections: [Detection]
  let truths: [Truth]
  /// `[detections, truths]`.
  private let overlaps: [Double]

  func overlap(_ detection: Int, _ truth: Int) -> Double { overlaps[detection * truths.count + truth] }

  /// The truth with the largest overlap of those that may be taken, the first of equals.
  func best(of detection: Int, where isAllowed: (Int) -> Bool) -> (truth: Int, overlap: Double)? {
    var best: (truth: Int, overlap: Double)?
    for truth in truths.indices where isAllowed(truth) {
      let overlap = overlap(detection, truth)
      if overlap > best?.overlap ?? -1 { best = (truth, overlap) }
    }
    return best
  }

  /// The pairs of each image that counts, in the order of the file.
  ///
  /// - Parameters:
  ///   - threshold: A detection whose share in a crowd of its class is above it lies in the crowd.
  ///   - limit: How many detections of an image count.
  /// - Throws: `CocoError` for results and annotations without what is compared.
  static func all(
    _ results: CocoResults, _ annotations: CocoAnnotations, iouType: CocoIoUType, images: Set<Int>,
    categories: [Int: Int], threshold: Double, limit: Int
  ) throws(CocoError) -> [ImagePairs] {
    let rows = Dictionary(grouping: results.rows.indices) { results.rows[$0].imageID }
    let objects = Dictionary(grouping: annotations.annotations, by: \.imageID)
    var pairs: [ImagePairs] = []
    for image in annotations.images where images.contains(image.id) {
      var found: [(detection: Detection, object: CocoDetection)] = []
      let ordered = (rows[image.id] ?? []).filter { categories[results.rows[$0].categoryID] != nil }
        .sorted { a, b in
          let (first, second) = (results.rows[a].score, results.rows[b].score)
          return first != second ? first > second : a < b
        }
      for row in ordered.prefix(limit) {
        guard let category = categories[results.rows[row].categoryID] else { continue }
        let detection = Detection(
          category: category, score: results.rows[row].score, row: row, isInCrowd: false)
        found.append((detection, try results.detection(at: row, on: image, iouType: iouType)))
      }
      var truths: [(category: Int, annotation: CocoAnnotations.Annotation)] = []
      for annotation in objects[image.id] ?? [] {
        if let category = categories[annotation.categoryID] { truths.append((category, annotation)) }
      }
      let wanted = truths.filter { !$0.annotation.isCrowd }
      let crowds = truths.filter(\.annotation.isCrowd)
      let compared = try Comparison(found.map(\.object), on: image, iouType: iouType, file: annotations.file)
      let inCrowds = try compared.overlaps(with: crowds.map(\.annotation))
      for index in found.indices {
        found[index].detection.isInCrowd = crowds.indices.contains {
          crowds[$0].category == found[index].detection.category
            && inCrowds[index * crowds.count + $0] > threshold
        }
      }
      pairs.append(
        ImagePairs(
          imageID: image.id, detections: found.map(\.detection),
          truths: wanted.map { Truth(category: $0.category, id: $0.annotation.id) },
          overlaps: try compared.overlaps(with: wanted.map(\.annotation))))
    }
    return pairs
  }

  /// What of the detections of an image is compared.
  private struct Comparison {
    private enum Shapes {
      case boxes([CornerBox])
      case masks([RunLengthMask])
    }
    private let shapes: Shapes
    private let image: CocoAnnotations.Image
    private let file: String

    init(
      _ detections: [CocoDetection], on image: CocoAnnotations.Image, iouType: CocoIoUType, file: String
    ) throws(CocoError) {
      (self.image, self.file) = (image, file)
      // Reading a row has made sure that one of the two is there.
      shapes =
        iouType == .segm
        ? .masks(detections.compactMap(\.mask))
        : .boxes(detections.compactMap { $0.boundingBox ?? $0.mask?.boundingBox })
    }

    /// `[detections, annotations]`; with a crowd the share of the detection.
    func overlaps(with annotations: [CocoAnnotations.Annotation]) throws(CocoError) -> [Double] {
      let isCrowd = annotations.map(\.isCrowd)
      switch shapes {
      case .boxes(let boxes): return boxIoU(boxes, annotations.map(\.boundingBox), isCrowd: isCrowd)
      case .masks(let masks):
        var objects: [RunLengthMask] = []
        for annotation in annotations {
          objects.append(try annotation.mask(height: image.height, width: image.width, file: file))
        }
        do throws(MaskError) { return try RunLengthMask.iou(masks, objects, isCrowd: isCrowd) } catch {
          throw CocoError("image \(image.id): \(error)", file: file)
        }
      }
    }
  }
}
