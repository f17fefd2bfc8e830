import Data
import Imaging

/// What is in a data set: objects (or images, or pixels) a class, and how large the objects are.
package struct LabelCounts: Codable, Sendable, Equatable {
  /// Images in the data set, and those that were counted: spread over it, since counting all of a million takes long.
  package var images = 0, counted = 0
  /// What is counted: `objects`, `images` or `pixels`; empty where nothing is labelled.
  package var unit = ""
  /// The classes, and how many there are of each.
  package var classes: [String]
  package var counts: [Int]
  /// Objects by the root of their box's area in pixels of the file: below 8, 8 to 16, ..., 1024 and more.
  package var sizes = [Int](repeating: 0, count: 9)
  /// Objects by width over height: below 1/4, to 1/2, to 1/1.2, to 1.2, to 2, to 4, more.
  package var ratios = [Int](repeating: 0, count: 7)
  /// Images without an object, objects without an area, objects that are ignored.
  package var empty = 0, flat = 0, ignored = 0

  package static let sizeNames =
    ["below 8"] + (1..<8).map { "\(4 << $0) to \(8 << $0)" } + ["1024 and more"]
  package static let ratioNames = [
    "narrower than 1 : 4", "1 : 4 to 1 : 2", "1 : 2 to 1 : 1.2", "about square", "1.2 : 1 to 2 : 1",
    "2 : 1 to 4 : 1", "wider than 4 : 1",
  ]
  private static let ratioEnds: [Float] = [0.25, 0.5, 1 / 1.2, 1.2, 2, 4]

  private static let (mostImages, mostLabelMaps) = (20_000, 40)

  /// Counts what a data set says of its images, before any pipeline.
  ///
  /// - Throws: Errors of the data set's files.
  package init(_ dataset: any Dataset) throws {
    classes = dataset.metainfo.classes
    counts = [Int](repeating: 0, count: classes.count)
    images = dataset.count
    var limit = Self.mostImages
    var place = 0
    while place < dataset.count {
      let sample = try dataset.sample(at: place)
      if let label = sample.classLabel {
        unit = "images"
        count(label)
      } else if let path = sample.labelMapPath {
        (unit, limit) = ("pixels", Self.mostLabelMaps)
        try count(labelMap: path, sample)
      } else {
        if !sample.annotations.isEmpty { unit = "objects" }
        count(sample.annotations)
      }
      counted += 1
      place += max(1, dataset.count / limit)
    }
  }

  private mutating func count(_ label: Int, _ amount: Int = 1) {
    if counts.indices.contains(label) { counts[label] += amount }
  }

  private mutating func count(labelMap path: String, _ sample: Sample) throws {
    var stored: [Int32: Int] = [:]
    for value in try sample.labels.numbers(inFile: path).pixels { stored[value, default: 0] += 1 }
    for (value, amount) in stored {
      if case .label(let label) = sample.labels.reading(of: value) { count(Int(label), amount) }
    }
  }

  private mutating func count(_ objects: [InstanceAnnotation]) {
    let real = objects.filter { !$0.isIgnored }
    ignored += objects.count - real.count
    if real.isEmpty { empty += 1 }
    for object in real {
      count(object.label)
      let (width, height) = (max(0, object.box[2] - object.box[0]), max(0, object.box[3] - object.box[1]))
      let side = (width * height).squareRoot()
      sizes[(0..<8).first { side < Float(8 << $0) } ?? 8] += 1
      guard width > 0, height > 0 else {
        flat += 1
        continue
      }
      ratios[Self.ratioEnds.firstIndex { width / height < $0 } ?? Self.ratioEnds.count] += 1
    }
  }

  /// Whether anything is labelled.
  package var isEmpty: Bool { unit.isEmpty || !counts.contains { $0 > 0 } }

  /// `12 of 100 images`, where not all were counted.
  package var part: String { counted < images ? " in \(counted) of \(images) images" : "" }
}
