/// What a data set does when an image or a label map is missing or broken (`on_broken_image`).
public enum BrokenImagePolicy: String, Decodable, Sendable, CaseIterable {
  /// The run ends with the file's name.
  case stop
  /// Training draws another image in its place.
  case skip
}

/// What is wrong with the file of an image or a label map.
public struct ImageFault: Sendable, Hashable {
  /// The file.
  public var file: String
  /// What is wrong.
  public var message: String

  /// A fault of a file.
  public init(file: String, message: String) {
    self.file = file
    self.message = message
  }
}

/// What training met in images since it last said so: those it passed over, and those it used in doubt.
public struct ImageFaults: Sendable {
  private var draws = 0
  private var files: Set<String> = []
  private var first: ImageFault?
  /// Each is told of once a run.
  private var known: Set<String> = []
  private var doubtful: [ImageFault] = []

  /// None yet.
  public init() {}

  /// Counts what was passed over, and what was in doubt, for a batch.
  public mutating func add(_ samples: [Sample]) {
    for skipped in samples.lazy.flatMap(\.skipped) {
      draws += 1
      files.insert(skipped.file)
      first = first ?? skipped
    }
    for doubt in samples.compactMap(\.doubt) where known.insert(doubt.file).inserted {
      doubtful.append(doubt)
    }
  }

  /// A line about each kind that there is; counting begins anew.
  public mutating func report() -> [String] {
    defer { (draws, files, first, doubtful) = (0, [], nil, []) }
    var lines: [String] = []
    if let first {
      lines.append(
        "skipped \(files.count) broken \(files.count == 1 ? "file" : "files"), drawn \(draws) times "
          + "(on_broken_image: skip); the first: \(first.message)")
    }
    if let first = doubtful.first {
      lines.append(
        "\(doubtful.count) damaged \(doubtful.count == 1 ? "image is" : "images are") used as they decode "
          + "(dense data check lists them); the first: \(first.file): \(first.message)")
    }
    return lines
  }
}
