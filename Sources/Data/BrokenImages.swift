/// What a data set does when an image or a label map is missing or broken (`on_broken_image`).
public enum BrokenImagePolicy: String, Decodable, Sendable, CaseIterable {
  /// The run ends with the file's name.
  case stop
  /// Training draws another image in its place.
  case skip
}

/// An image that training passed over.
public struct SkippedImage: Sendable, Hashable {
  /// The broken file: an image or a label map.
  public var file: String
  /// What is wrong; it names the file.
  public var message: String

  /// A broken file.
  public init(file: String, message: String) {
    self.file = file
    self.message = message
  }
}

/// The images that training passed over since it last said so.
public struct SkippedImages: Sendable {
  private var draws = 0
  private var files: Set<String> = []
  private var first: SkippedImage?

  /// None yet.
  public init() {}

  /// Counts what was passed over for a batch.
  public mutating func add(_ samples: [Sample]) {
    for skipped in samples.lazy.flatMap(\.skipped) {
      draws += 1
      files.insert(skipped.file)
      first = first ?? skipped
    }
  }

  /// One line about them, or nil if there are none; counting begins anew.
  public mutating func report() -> String? {
    guard let first else { return nil }
    defer { self = SkippedImages() }
    return "skipped \(files.count) broken \(files.count == 1 ? "file" : "files"), drawn \(draws) times "
      + "(on_broken_image: skip); the first: \(first.message)"
  }
}
