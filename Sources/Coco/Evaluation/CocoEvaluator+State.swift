extension CocoEvaluator {
  /// What is kept of the pictures fed: it can be stored, and merged into an evaluator of the same ground truth.
  public struct State: Codable, Sendable, Equatable {
    /// What was compared.
    var iouType: CocoIoUType
    /// How many detections of a picture and class counted.
    var maxDets: [Int]
    /// The thresholds on the overlap.
    var iouThresholds: [Double]
    /// The ids of the classes, rising.
    var categoryIDs: [Int]
    /// The ids of the pictures fed, rising.
    var imageIDs: [Int]
    /// The matches, by class; one list for proposals.
    var matches: [Matches]

    /// The detections of one class, picture by picture.
    struct Matches: Codable, Sendable, Equatable {
      /// The pictures' ids, in the order in which they were fed.
      var images: [Int]
      /// How many detections each picture has.
      var counts: [Int]
      /// In falling order within a picture. `[detections]`
      var scores: [Double]
      /// A bit a threshold. `[detections, ranges, words]`
      var matched: [UInt16]
      /// A bit a threshold. `[detections, ranges, words]`
      var ignored: [UInt16]

      /// Whether the lists fit each other, as they do unless a stored state was changed.
      func isWhole(thresholds: Int) -> Bool {
        guard images.count == counts.count, counts.allSatisfy({ (0...scores.count).contains($0) }) else {
          return false
        }
        return counts.reduce(0, &+) == scores.count
          && matched.count
            == scores.count * CocoEvaluator.areaRanges.count * CategoryMatches.words(thresholds: thresholds)
          && ignored.count == matched.count && !scores.contains(where: \.isNaN)
      }
    }
  }

  /// What is kept of the pictures fed so far.
  public var state: State {
    State(
      iouType: iouType, maxDets: maxDets, iouThresholds: iouThresholds, categoryIDs: categories.map(\.id),
      imageIDs: imageIDs.indices.filter { isFed[$0] }.map { imageIDs[$0] },
      matches: matches.map { $0.stored(imageIDs: imageIDs) })
  }

  /// Takes in what another evaluator of the same ground truth kept of other pictures. At the end they are put together
  /// in the order of their ids: any split in any order gives the bits of one pass.
  ///
  /// - Throws: `CocoError`, and nothing is taken in, for other classes or limits, and for pictures that are unknown or
  ///   were fed before.
  public mutating func merge(_ state: State) throws(CocoError) {
    guard state.iouType == iouType, state.maxDets == maxDets, state.iouThresholds == iouThresholds,
      state.categoryIDs == categories.map(\.id)
    else {
      throw CocoError(
        "what is to be merged compared \(state.iouType.rawValue) of \(state.categoryIDs.count) classes, this "
          + "evaluation compares \(iouType.rawValue) of \(categories.count): they belong to different evaluations",
        file: file)
    }
    let fed = try places(state.imageIDs)
    let known = Set(state.imageIDs)
    guard state.matches.count == matches.count, known.count == fed.count,
      state.matches.allSatisfy({
        $0.isWhole(thresholds: iouThresholds.count) && Set($0.images).count == $0.images.count
      }),
      state.matches.allSatisfy({ $0.images.allSatisfy(known.contains) })
    else { throw CocoError("what is to be merged is broken: its lists do not fit each other", file: file) }
    let twice = zip(state.imageIDs, fed).filter { isFed[$1] }.map(\.0)
    guard twice.isEmpty else {
      throw CocoError("the detections of images were given twice: \(CocoError.list(twice))", file: file)
    }
    for (category, stored) in state.matches.enumerated() {
      matches[category].append(stored, images: try places(stored.images))
    }
    for place in fed { isFed[place] = true }
  }

  private func places(_ ids: [Int]) throws(CocoError) -> [Int] {
    let unknown = ids.filter { images[$0] == nil }
    guard unknown.isEmpty else {
      throw CocoError("there are no images \(CocoError.list(unknown)) to be evaluated", file: file)
    }
    return ids.compactMap { images[$0] }
  }
}
