import Classification
import Coco
import Data
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

  let file: String
  /// Of a film, from 1.
  package let frame: Int?
  let height: Int
  let width: Int
  let instances: [Instance]?
  let pixels: [String: Int]?
  let best: [ScoredClass]?
  /// The file of the label map, once it is written.
  public var labelMap: String?

  enum CodingKeys: String, CodingKey {
    case file, frame, height, width, instances, pixels
    case best = "classes"
    case labelMap = "label_map"
  }

  /// Objects with the numbers that the classes have in annotation files, the pixels of each class, or the best five classes
  /// of the image.
  ///
  /// - Parameters:
  ///   - file: The picture's or the film's.
  ///   - frame: Which one of a film's it is, from 1; nil for a picture.
  ///   - size: Of the image's file.
  ///   - prediction: Of the image.
  ///   - metainfo: Names and numbers of the classes.
  ///   - shown: What of the prediction is listed.
  public init(
    file: String, frame: Int? = nil, size: ImageSize, _ prediction: Prediction, metainfo: DatasetMetainfo,
    showing shown: ShownPart
  ) {
    (self.file, self.frame, height, width) = (file, frame, size.height, size.width)
    let classes = metainfo.classes
    func name(_ label: Int) -> String { classes.indices.contains(label) ? classes[label] : "\(label)" }
    instances = prediction.instances.map { found in
      let (found, numbers) = (shown.part(of: found), metainfo.categoryNumbers)
      return found.scores.indices.map { index in
        let label = found.labels[index]
        return Instance(
          categoryID: numbers.indices.contains(label) ? numbers[label] : label + 1, category: name(label),
          score: found.scores[index], box: cornerForm(found.boxes[index]),
          segmentation: found.masks.map { CocoRunLengths($0[index]) })
      }
    }
    pixels = prediction.labelMap.map { map in
      let counts = map.counts(classes: classes.count).enumerated()
        .filter { shown.classes?.contains($0.offset) != false }
      return Dictionary(counts.map { (classes[$0.offset], $0.element) }) { $0 + $1 }
    }
    best = prediction.classScores.map { scores in
      shown.best(of: scores).map { ScoredClass(category: name($0), score: scores[$0]) }
    }
  }

  /// A probability for people: `98.1 %`.
  static func percent(_ score: Float) -> String { String(format: "%.1f %%", 100 * score) }

  /// For the terminal.
  public var line: String {
    let name = file.printedWhole + (frame.map { ", frame \($0)" } ?? "")
    if let best {
      let shown = best.map { "\($0.category.printed) \(Self.percent($0.score))" }
      return "\(name): \(shown.joined(separator: ", "))"
    }
    if let instances { return "\(name): \(instances.count) objects" }
    let found = (pixels ?? [:]).filter { $0.value > 0 }
    let shares = found.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { name, count in
      "\(name.printed) \(String(format: "%.1f", 100 * Double(count) / Double(max(1, height * width)))) %"
    }
    return "\(name): \(shares.joined(separator: ", "))"
  }
}

extension DatasetMetainfo {
  /// The number of each class in annotation files: the data set's own, else COCO's for its 80 classes, else from 1.
  public var categoryNumbers: [Int] {
    categoryIDs.count == classes.count ? categoryIDs : CocoClasses.usualCategories(for: classes)
  }
}
