import CKernels
import Configuration
import Imaging
import Tensors

/// A random window in which no class takes too much room (mmsegmentation's `RandomCrop`).
///
/// Up to ten windows are looked at, until one holds at least two classes of which none fills `cat_max_ratio` or more,
/// ignored pixels left out; else an eleventh is taken unseen. A window ends at the image's border.
public struct RandomCrop: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }
  private let height, width: Int
  private let largestShare: Double
  private let ignoreIndex: Located<Int>?

  enum CodingKeys: String, CodingKey {
    case size = "crop_size"
    case largestShare = "cat_max_ratio"
    case ignoreIndex = "ignore_index"
  }

  /// A window of (height, width).
  public init(height: Int, width: Int, largestShare: Double = 1) {
    self.height = height
    self.width = width
    self.largestShare = largestShare
    ignoreIndex = nil
  }

  /// mmsegmentation's keys; `crop_size` is (height, width).
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    // Without the key: fails, with the component's place.
    let size = try keys.decodePair(Int.self, forKey: .size) ?? (try keys.decode(Int.self, forKey: .size), 0)
    guard size.0 > 0, size.1 > 0 else {
      throw keys.refusal("crop_size: [height, width], both positive, is wanted", forKey: .size)
    }
    (height, width) = size
    largestShare = try keys.decodeIfPresent(Double.self, forKey: .largestShare) ?? 1
    ignoreIndex = try keys.decodeIfPresent(Located<Int>.self, forKey: .ignoreIndex)
  }

  /// - Throws: `ConfigurationError` when `ignore_index` is not what the data set ignores.
  func checked(in context: DataContext) throws -> RandomCrop {
    try context.labels?.require(ignoreIndex)
    return self
  }

  /// The sample's window.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    let rows = max(sample.size.height - height, 0) + 1
    let columns = max(sample.size.width - width, 0) + 1
    func draw() -> (top: Int, left: Int) { (random.integer(below: rows), random.integer(below: columns)) }
    var window = draw()
    if largestShare < 1 {
      guard let labels = sample.labelMap else {
        throw DataError(
          file: sample.imagePath,
          "RandomCrop with cat_max_ratio needs a label map: put LoadAnnotations before it")
      }
      guard labels.size == sample.size else {
        throw DataError(
          file: sample.imagePath,
          "the image has \(sample.size) pixels now, its label map \(labels.size): put LoadAnnotations before Resize"
        )
      }
      for _ in 0..<10 {
        if accepts(labels, top: window.top, left: window.left, ignored: sample.labels.ignored) { break }
        window = draw()
      }
    }
    return sample.cropped(top: window.top, left: window.left, height: height, width: width)
  }

  /// Whether a window holds more than one class, none of them with the largest share or more.
  package func accepts(
    _ labels: LabelMap, top: Int, left: Int, ignored: Int32 = LabelMeaning().ignored
  ) -> Bool {
    let rows = min(height, labels.height - top)
    let columns = min(width, labels.width - left)
    var counts = [Int32](repeating: 0, count: Int(UInt16.max) + 1)
    dp_labels_count(
      labels.pixels, Int64(labels.width), Int64(top), Int64(left), Int64(rows), Int64(columns), &counts,
      Int32(counts.count))
    if counts.indices.contains(Int(ignored)) { counts[Int(ignored)] = 0 }
    let present = counts.filter { $0 > 0 }
    let total = present.reduce(0) { $0 + Int($1) }
    return present.count > 1 && Double(present.max() ?? 0) / Double(total) < largestShare
  }
}
