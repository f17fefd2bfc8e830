import CKernels
import Imaging
import Tensors

/// What can be wrong with a pair of label maps.
public enum SegmentationEvaluationError: Error, Sendable, Equatable {
  /// The maps differ in size.
  case sizesDiffer(label: ImageSize, prediction: ImageSize)
  /// A label is neither a class nor the ignored number.
  case illegalLabel(value: Int, x: Int, y: Int, classes: Int, ignoreIndex: Int, reducesZeroLabel: Bool)
}

extension SegmentationEvaluationError: CustomStringConvertible {
  /// One sentence: what is wrong, and what would be right.
  public var description: String {
    switch self {
    case .sizesDiffer(let label, let prediction):
      return "the label map has \(label.height) x \(label.width) pixels (height x width), "
        + "the prediction \(prediction.height) x \(prediction.width)"
    case .illegalLabel(let value, let x, let y, let classes, let ignoreIndex, let reducesZeroLabel):
      let legal =
        reducesZeroLabel ? "1 ... \(classes), and 0 or 255" : "0 ... \(classes - 1), and \(ignoreIndex)"
      return "the label map holds the number \(value), first at column \(x), row \(y); "
        + "with \(classes) classes and reduce_zero_label \(reducesZeroLabel) legal are \(legal) for no class"
    }
  }
}

/// Counts of pixels by their label and by what was predicted, over any number of images.
public struct ConfusionMatrix: Sendable, Equatable {
  /// The number of classes.
  public let classes: Int
  /// Labels that do not count.
  public let ignoreIndex: Int
  /// Whether labels are stored one higher than the classes, with 0 for no class.
  public let reducesZeroLabel: Bool
  /// How much higher predictions are stored than the classes.
  public let predictionsOffset: Int

  /// As many classes a matrix holds: 134 MB of counts.
  public static let mostClasses = 4_096
  /// What `ignoreIndex` may be: a number of a label map, or -1 for none.
  public static let ignoreIndices = -1...Int(UInt16.max)
  /// What `predictionsOffset` may be.
  public static let predictionsOffsets = -Int(UInt16.max)...Int(UInt16.max)

  /// `[classes, classes + 1]`; the last column is for predictions that are no class.
  private var counts: [Int64]

  /// A matrix of zeros.
  ///
  /// - Parameters:
  ///   - classes: 1 to `mostClasses`.
  ///   - ignoreIndex: One of `ignoreIndices`.
  ///   - reducesZeroLabel: Label 0 becomes 255, all others go down by one, and 255 stays (mm's
  ///     `reduce_zero_label`). Labels that a pipeline has loaded are reduced already.
  ///   - predictionsOffset: Taken from each prediction: 1 for files of predictions that count from 1. One of `predictionsOffsets`.
  public init(
    classes: Int, ignoreIndex: Int = 255, reducesZeroLabel: Bool = false, predictionsOffset: Int = 0
  ) {
    require(
      (1...Self.mostClasses).contains(classes), "\(classes) classes: 1...\(Self.mostClasses) are counted")
    self.classes = classes
    self.ignoreIndex = ignoreIndex
    self.reducesZeroLabel = reducesZeroLabel
    self.predictionsOffset = predictionsOffset
    counts = [Int64](repeating: 0, count: classes * (classes + 1))
  }

  /// How many pixels of class `label` were predicted as `prediction`.
  public subscript(label: Int, prediction: Int) -> Int {
    require(
      label >= 0 && label < classes && prediction >= 0 && prediction < classes,
      "(\(label), \(prediction)) is no place in a matrix [\(classes), \(classes)]")
    return Int(counts[label * (classes + 1) + prediction])
  }

  /// The counts `[classes][classes]`: rows are labels, columns predictions.
  public var rows: [[Int]] { (0..<classes).map { label in (0..<classes).map { self[label, $0] } } }

  /// Pixels of each class that were predicted to be of no class at all. `[classes]`
  public var unclassified: [Int] { (0..<classes).map { Int(counts[$0 * (classes + 1) + classes]) } }

  /// Pixels of each class that were predicted right. `[classes]`
  public var intersections: [Int] { (0..<classes).map { self[$0, $0] } }

  /// Pixels of each class by their label. `[classes]`
  public var labelAreas: [Int] {
    (0..<classes).map { label in (0...classes).reduce(0) { $0 + Int(counts[label * (classes + 1) + $1]) } }
  }

  /// Pixels of each class by the prediction. `[classes]`
  public var predictionAreas: [Int] {
    (0..<classes).map { prediction in (0..<classes).reduce(0) { $0 + self[$1, prediction] } }
  }

  /// Counts the pixels of one image.
  ///
  /// - Throws: `SegmentationEvaluationError`, and nothing is counted, when the sizes differ or a label is illegal.
  public mutating func add(label: LabelMap, prediction: LabelMap) throws(SegmentationEvaluationError) {
    guard label.size == prediction.size else {
      throw .sizesDiffer(label: label.size, prediction: prediction.size)
    }
    let pixels = label.pixels.count
    guard pixels > 0 else { return }
    let labels = classes(of: label)
    let ignored = Int32(clamping: ignoreIndex)
    let illegal = Int(dp_labels_illegal(labels, Int64(pixels), Int32(classes), ignored))
    guard illegal < 0 else {
      throw .illegalLabel(
        value: Int(label.pixels[illegal]), x: illegal % label.width, y: illegal / label.width,
        classes: classes,
        ignoreIndex: ignoreIndex, reducesZeroLabel: reducesZeroLabel)
    }
    dp_confusion_count(
      labels, prediction.pixels, Int64(pixels), Int32(classes), ignored,
      Int32(clamping: predictionsOffset), &counts)
  }

  /// The numbers of a label map as they are counted: a class, the ignored number, or neither.
  func classes(of label: LabelMap) -> [Int32] {
    guard reducesZeroLabel else { return label.pixels }
    return [Int32](unsafeUninitializedCapacity: label.pixels.count) { buffer, count in
      dp_labels_reduce_zero(label.pixels, Int64(label.pixels.count), buffer.baseAddress)
      count = label.pixels.count
    }
  }

  /// Adds the counts of other images.
  public static func += (matrix: inout ConfusionMatrix, other: ConfusionMatrix) {
    require(
      matrix.classes == other.classes,
      "matrices of \(matrix.classes) and \(other.classes) classes do not add up")
    for index in matrix.counts.indices { matrix.counts[index] += other.counts[index] }
  }
}

extension ConfusionMatrix: Codable {
  private enum CodingKeys: String, CodingKey {
    case classes, ignoreIndex, reducesZeroLabel, predictionsOffset, counts
  }

  /// Reads stored counts.
  ///
  /// - Throws: `DecodingError` when they are not those of a matrix of so many classes.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let classes = try keys.decode(Int.self, forKey: .classes)
    let counts = try keys.decode([Int64].self, forKey: .counts)
    guard (1...Self.mostClasses).contains(classes), counts.count == classes * (classes + 1),
      counts.allSatisfy({ (0...Int64(1) << 56).contains($0) })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .counts, in: keys, debugDescription: "no counts of pixels of \(classes) classes")
    }
    self.init(
      classes: classes, ignoreIndex: try keys.decode(Int.self, forKey: .ignoreIndex),
      reducesZeroLabel: try keys.decode(Bool.self, forKey: .reducesZeroLabel),
      predictionsOffset: try keys.decode(Int.self, forKey: .predictionsOffset))
    self.counts = counts
  }
}
