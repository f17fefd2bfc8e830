import Masks

/// Matches the detections of one picture after the other with its objects; it changes nothing, so that pictures can be
/// matched on several threads.
struct ImageMatcher: Sendable {
  /// A detection of a class that counts.
  struct Candidate {
    /// The class's place among the rising ids.
    var category: Int
    var score: Double
    /// Its place among the shapes.
    var shape: Int
  }

  /// What of the detections of a picture is compared.
  enum Shapes {
    case boxes([CornerBox], areas: [Double])
    case masks(RunTable)

    func area(_ shape: Int) -> Double {
      switch self {
      case .boxes(_, let areas): areas[shape]
      case .masks(let table): Double(table.areas[shape])
      }
    }
  }

  let iouType: CocoIoUType
  let thresholds: [Double]
  /// How many detections of a picture and class count.
  let limit: Int
  /// The file of the objects, as errors name it.
  let file: String
  /// The place of each class among the rising ids.
  let categories: [Int: Int]
  /// The objects of each picture by class, in the order of the file.
  let truths: [[(category: Int, element: CocoAnnotations.Annotation)]]
  /// The pictures' sizes.
  let sizes: [(height: Int, width: Int)]

  /// Matches the detections of a picture, given in the order in which equal scores count.
  ///
  /// - Throws: `CocoError` for objects without what is compared.
  func match(
    _ candidates: [Candidate], _ shapes: Shapes, image: Int, into result: inout MatchedGroups
  ) throws(CocoError) {
    // Proposals are one group, ordered by class first, as pycocotools puts its lists together.
    let isProposal = iouType == .proposal
    let sorted = candidates.sorted { a, b in
      if !isProposal, a.category != b.category { return a.category < b.category }
      if a.score != b.score { return a.score > b.score }
      return a.category != b.category ? a.category < b.category : a.shape < b.shape
    }
    var first = 0
    while first < sorted.count {
      let category = sorted[first].category
      let end =
        isProposal ? sorted.count : sorted[first...].firstIndex { $0.category != category } ?? sorted.count
      let best = sorted[first..<min(end, first + limit)]
      let objects = objects(isProposal ? nil : category, image: image)
      result.append(
        category: isProposal ? 0 : category, image: image, scores: best.lazy.map(\.score),
        areas: best.map { shapes.area($0.shape) },
        truths: objects.map {
          MatchedGroups.Truth(id: $0.id, isCrowd: $0.isCrowd, area: $0.area)
        },
        overlaps: objects.isEmpty ? [] : try overlaps(best.map(\.shape), shapes, objects, image: image))
      first = end
    }
  }

  /// The objects of a class, or of all by class.
  private func objects(_ category: Int?, image: Int) -> [CocoAnnotations.Annotation] {
    let all = truths[image]
    if let category { return all.lazy.filter { $0.category == category }.map(\.element) }
    let order = all.indices.sorted { a, b in
      all[a].category != all[b].category ? all[a].category < all[b].category : a < b
    }
    return order.map { all[$0].element }
  }

  /// `[chosen, objects]`.
  private func overlaps(
    _ chosen: [Int], _ shapes: Shapes, _ objects: [CocoAnnotations.Annotation], image: Int
  ) throws(CocoError) -> [Double] {
    let isCrowd = objects.map(\.isCrowd)
    switch shapes {
    case .boxes(let boxes, _):
      return boxIoU(chosen.map { boxes[$0] }, objects.map(\.boundingBox), isCrowd: isCrowd)
    case .masks(let table):
      var others = RunTable(height: table.height, width: table.width)
      for object in objects {
        others.append(try object.mask(height: table.height, width: table.width, file: file))
      }
      return table.iou(chosen, with: others, isCrowd: isCrowd)
    }
  }

  /// The shapes of detections that were made.
  ///
  /// - Throws: `CocoError` for detections without what is compared.
  func shapes(
    of detections: [CocoDetection], image: Int, imageID: Int
  ) throws(CocoError) -> Shapes {
    guard iouType == .segm else {
      var boxes: [CornerBox] = []
      var areas: [Double] = []
      for detection in detections {
        guard let box = detection.boundingBox ?? detection.mask?.boundingBox else {
          throw CocoError("a detection of image \(imageID) has neither a box nor a mask")
        }
        boxes.append(box)
        areas.append(
          detection.boundingBox == nil ? Double(detection.mask?.area ?? 0) : box.width * box.height)
      }
      return .boxes(boxes, areas: areas)
    }
    let size = sizes[image]
    var table = RunTable(height: size.height, width: size.width)
    for detection in detections {
      guard let mask = detection.mask else {
        throw CocoError("a detection of image \(imageID) has no mask, which segm compares")
      }
      guard mask.height == size.height, mask.width == size.width else {
        throw CocoError(
          "a mask of image \(imageID) has \(mask.height) x \(mask.width) pixels (height x width), "
            + "the image has \(size.height) x \(size.width)")
      }
      table.append(mask)
    }
    return .masks(table)
  }

  /// The shapes of rows of a result file.
  ///
  /// - Throws: `CocoError` where what is compared is missing or no mask of the image.
  func shapes(
    of rows: some Collection<Int>, _ results: CocoResults, image: Int, imageID: Int
  ) throws(CocoError) -> Shapes {
    let size = sizes[image]
    guard iouType == .segm else {
      var boxes: [CornerBox] = []
      var areas: [Double] = []
      boxes.reserveCapacity(rows.count)
      areas.reserveCapacity(rows.count)
      for row in rows {
        if let box = results.rows[row].boundingBox {
          boxes.append(box)
          areas.append(box.width * box.height)
        } else {
          var table = RunTable(height: size.height, width: size.width)
          try results.addMask(of: row, imageID: imageID, to: &table)
          boxes.append(table.boundingBox(0))
          areas.append(Double(table.areas[0]))
        }
      }
      return .boxes(boxes, areas: areas)
    }
    var table = RunTable(height: size.height, width: size.width)
    for row in rows { try results.addMask(of: row, imageID: imageID, to: &table) }
    return .masks(table)
  }
}

extension CocoResults {
  /// Adds the mask of a row to others of its image.
  ///
  /// - Throws: `CocoError` where there is none, or no mask of the image.
  fileprivate func addMask(of row: Int, imageID: Int, to table: inout RunTable) throws(CocoError) {
    guard rows[row].hasSegmentation else {
      throw CocoError("result \(row), from 0, has no segmentation, which segm compares", file: file)
    }
    do throws(MaskError) { try rows[row].addMask(to: &table) } catch {
      throw CocoError("result \(row), from 0, of image \(imageID): \(error)", file: file)
    }
  }
}
