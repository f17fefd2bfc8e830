import Classification
import Detection
import Files
import Foundation
import Imaging
import Modeling

/// What was predicted of one image, for people and as JSON.
public struct PredictedImage: Codable, Sendable {
  /// An object.
  struct Instance: Codable {
    var categoryID: Int
    var category: String
    var score: Float
    var box: [Double]
    var segmentation: CocoRunLengths?

    enum CodingKeys: String, CodingKey {
      case category, score, segmentation
      case categoryID = "category_id"
      case box = "bbox"
    }
  }

  /// A class and its probability.
  struct ScoredClass: Codable {
    var category: String
    var score: Float
  }

  /// How many classes of an image are told.
  static let bestCount = 5

  private let file: String
  private let height: Int
  private let width: Int
  private let instances: [Instance]?
  private let pixels: [String: Int]?
  private let best: [ScoredClass]?
  /// The file of the label map, once it is written.
  public var labelMap: String?

  enum CodingKeys: String, CodingKey {
    case file, height, width, instances, pixels
    case best = "classes"
    case labelMap = "label_map"
  }

  /// Objects from a score on, numbered from 1 in the order of the classes, the pixels of each class, or the best five
  /// classes of the image.
  ///
  /// - Parameter size: Of the image's file.
  public init(
    file: String, size: ImageSize, _ prediction: Prediction, classes: [String], scoreThreshold: Float
  ) {
    (self.file, height, width) = (file, size.height, size.width)
    instances = prediction.instances.map { found in
      found.scores.indices.filter { found.scores[$0] >= scoreThreshold }.map { index in
        Instance(
          categoryID: found.labels[index] + 1, category: classes[found.labels[index]],
          score: found.scores[index], box: cornerForm(found.boxes[index]),
          segmentation: found.masks.map { CocoRunLengths($0[index]) })
      }
    }
    pixels = prediction.labelMap.map { map in
      var counts = [Int](repeating: 0, count: classes.count)
      for label in map.pixels where counts.indices.contains(Int(label)) { counts[Int(label)] += 1 }
      return Dictionary(zip(classes, counts)) { $0 + $1 }
    }
    best = prediction.classScores.map { scores in
      ClassRanking.best(Self.bestCount, in: scores).map { label in
        ScoredClass(
          category: classes.indices.contains(label) ? classes[label] : "\(label)", score: scores[label])
      }
    }
  }

  /// A probability for people: `98.1 %`.
  static func percent(_ score: Float) -> String { String(format: "%.1f %%", 100 * score) }

  /// For the terminal.
  public var line: String {
    if let best {
      let shown = best.map { "\($0.category.printed) \(Self.percent($0.score))" }
      return "\(file.printedWhole): \(shown.joined(separator: ", "))"
    }
    if let instances { return "\(file.printedWhole): \(instances.count) objects" }
    let shares = (pixels ?? [:]).sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { name, count in
      "\(name.printed) \(String(format: "%.1f", 100 * Double(count) / Double(max(1, height * width)))) %"
    }
    return "\(file.printedWhole): \(shares.joined(separator: ", "))"
  }
}
