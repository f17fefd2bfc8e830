import Coco
import Foundation
import Masks
import TestSupport

extension SeededGenerator {
  fileprivate mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
  fileprivate mutating func share() -> Double { Double.random(in: 0..<1, using: &self) }
  fileprivate mutating func chance(_ share: Double) -> Bool { self.share() < share }
  fileprivate mutating func one<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
}

/// A set to be evaluated, made of a seed: boxes or masks, crowds, a choice of classes, images and thresholds, id 0,
/// scores that come again, areas that say nothing of the object, classes and images without anything.
struct GeneratedEvaluation {
  struct Object {
    var id = 0
    var image: Int
    var category: Int
    var box: [Double]
    var bitmap: Bitmap
    var isCrowd = false
    var area = 0.0
    var score = 0.0
  }
  struct Picture {
    var id: Int
    var height: Int
    var width: Int
  }

  let hasMasks: Bool
  var pictures: [Picture] = []
  var categories: [Int] = []
  var truths: [Object] = []
  var results: [Object] = []
  var chosenCategories: [Int]?
  var chosenImages: [Int]?
  var thresholds: [Double]?
  var maxDets = [1, 10, 100]

  init(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    hasMasks = seed % 2 == 1
    for id in 0..<9 where random.chance(0.4) { categories.append(3 * id) }
    if categories.isEmpty { categories = [7] }
    let scores = (0..<random.one([2, 12, 400])).map { _ in random.share() }
    var id = random.below(2)
    for place in 0..<(1 + random.below(6)) {
      let picture = Picture(
        id: 5 * (7 - place), height: 8 + random.below(hasMasks ? 24 : 200),
        width: 8 + random.below(hasMasks ? 24 : 200))
      pictures.append(picture)
      var own: [Object] = []
      for _ in 0..<random.one([0, 1, 4, 9]) {
        var object = Self.object(on: picture, category: random.one(categories), near: nil, &random)
        object.id = id
        object.isCrowd = random.chance(0.12)
        object.area = random.one([object.box[2] * object.box[3], 1024, 9216, 0, 60, 20_000])
        id += 1
        own.append(object)
      }
      truths += own
      for _ in 0..<random.one([0, 2, 8, 8, 115]) {
        let model = own.isEmpty || random.chance(0.3) ? nil : random.one(own)
        let category =
          model == nil || random.chance(0.15) ? random.one(categories) : model?.category ?? categories[0]
        var object = Self.object(on: picture, category: category, near: model, &random)
        object.score = random.one(scores)
        results.append(object)
      }
    }
    for place in results.indices.dropFirst() { results.swapAt(place, random.below(place + 1)) }
    if random.chance(0.3) { chosenCategories = categories.filter { _ in random.chance(0.5) } }
    if random.chance(0.3) { chosenImages = pictures.map(\.id).filter { _ in random.chance(0.6) } }
    if random.chance(0.25) { thresholds = [0.5, 0.05 + 0.95 * random.share(), 0.75] }
    if random.chance(0.25) { maxDets = [1 + random.below(4), 5 + random.below(20), 100] }
  }

  private static func object(
    on picture: Picture, category: Int, near model: Object?, _ random: inout SeededGenerator
  ) -> Object {
    let (width, height) = (Double(picture.width), Double(picture.height))
    var box = [0.0, 0.0, 1 + random.share() * (width - 1), 1 + random.share() * (height - 1)]
    box[0] = random.share() * (width - box[2])
    box[1] = random.share() * (height - box[3])
    if let model {
      let amount = random.one([0, 0, 0.05, 0.3])
      box = (0..<4).map { model.box[$0] + amount * (random.share() - 0.5) * model.box[2 + $0 % 2] }
    }
    if random.chance(0.5) { box = box.map { $0.rounded() } }
    for side in 2..<4 { box[side] = max(box[side], 0.5) }
    var bitmap = Bitmap(height: picture.height, width: picture.width)
    let isRound = random.chance(0.5)
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let (u, v) = ((Double(x) + 0.5 - box[0]) / box[2], (Double(y) + 0.5 - box[1]) / box[3])
        let isInside =
          isRound ? (u - 0.5) * (u - 0.5) + (v - 0.5) * (v - 0.5) < 0.25 : min(u, v) > 0 && max(u, v) < 1
        if isInside { bitmap.pixels[y * picture.width + x] = 1 }
      }
    }
    return Object(image: picture.id, category: category, box: box, bitmap: bitmap)
  }

  private func json(_ rows: [[String: Any]]) -> String {
    (try? String(decoding: JSONSerialization.data(withJSONObject: rows), as: UTF8.self)) ?? ""
  }

  /// As an annotation file.
  var annotationFile: Data {
    let rows = truths.map { truth -> [String: Any] in
      let runs = RunLengthMask(truth.bitmap)
      return [
        "id": truth.id, "image_id": truth.image, "category_id": truth.category, "bbox": truth.box,
        "area": truth.area, "iscrowd": truth.isCrowd ? 1 : 0,
        "segmentation": ["size": [runs.height, runs.width], "counts": runs.counts.map { Int($0) }]
          as [String: Any],
      ]
    }
    return Data(
      """
      {"images": \(json(pictures.map { ["id": $0.id, "height": $0.height, "width": $0.width] })),
       "annotations": \(json(rows)), "categories": \(json(categories.map { ["id": $0, "name": "class \($0)"] }))}
      """.utf8)
  }

  /// As a result file.
  var resultFile: Data {
    let rows = results.map { result -> [String: Any] in
      var row: [String: Any] = [
        "image_id": result.image, "category_id": result.category, "score": result.score,
      ]
      if hasMasks {
        let runs = RunLengthMask(result.bitmap)
        row["segmentation"] =
          ["size": [runs.height, runs.width], "counts": runs.compressed] as [String: Any]
      } else {
        row["bbox"] = result.box
      }
      return row
    }
    return Data(json(rows).utf8)
  }
}
