import Coco
import Data
import Detection
import Files
import Foundation

/// The objects of predicted images as COCO's result format has them, which `dense evaluate coco` and pycocotools read: a row
/// an object, with its box, its score and, where there are masks, run lengths.
public struct CocoPredictions: Sendable {
  /// How images are numbered.
  public enum Numbering: Sendable {
    /// As an annotation file says, by the names of the files; so are the classes.
    case annotations(CocoAnnotations)
    /// By the number that is the file's name, as COCO's files have it.
    case names
    /// From 1, in the order of the images.
    case order

    /// What numbers can be had without an annotation file.
    ///
    /// - Parameter files: All inputs.
    public init(of files: [String]) {
      let numbers = files.map { Self.number(of: $0) }
      let isNumbered = !numbers.contains(nil) && Set(numbers).count == numbers.count
      self = isNumbered ? .names : .order
    }

    fileprivate static func number(of file: String) -> Int? {
      let stem = Folder.splitExtension(Folder.split(file).name).stem
      return stem.utf8.allSatisfy { (48...57).contains($0) } && stem.utf8.count <= 15 ? Int(stem) : nil
    }
  }

  private let numbering: Numbering
  /// The images that an annotation file does not have: their objects are left out.
  public private(set) var unknown: [String] = []
  private var rows: [CocoResultFiles.Row] = []
  private var ids: [String: [Int]] = [:]
  private var places: [Int: String] = [:]
  private var categories: [String: Int] = [:]

  /// Results without any object yet, of a model of these classes.
  ///
  /// - Throws: `DataError` for an annotation file that lacks a class.
  public init(_ numbering: Numbering, classes: [String]) throws {
    self.numbering = numbering
    guard case .annotations(let truth) = numbering else { return }
    for image in truth.images {
      guard let name = image.fileName else { continue }
      ids[Folder.split(name).name, default: []].append(image.id)
      places[image.id] = name
    }
    categories = Dictionary(truth.categories.map { ($0.name, $0.id) }) { first, _ in first }
    let missing = classes.filter { categories[$0] == nil }
    guard missing.isEmpty else {
      throw DataError(
        file: truth.file,
        "has no category \(missing.prefix(10).map(\.printed).joined(separator: ", ")), which the model finds")
    }
  }

  /// Adds the objects of all images, in their order.
  public mutating func add(_ images: [PredictedImage]) {
    for (place, image) in images.enumerated() {
      guard let id = number(of: image, at: place) else {
        unknown.append(image.file)
        continue
      }
      rows += (image.instances ?? []).map { object in
        CocoResultFiles.Row(
          imageID: id, categoryID: categories[object.category] ?? object.categoryID, box: object.box,
          score: Double(object.score), segmentation: object.segmentation)
      }
    }
  }

  private func number(of image: PredictedImage, at place: Int) -> Int? {
    switch numbering {
    case .order: return place + 1
    case .names: return Numbering.number(of: image.file)
    case .annotations:
      // The longest path that ends alike; two images of one name in different folders are told apart by those.
      let candidates = ids[Folder.split(image.file).name] ?? []
      if candidates.count == 1 { return candidates[0] }
      let file = "/" + image.file
      return candidates.filter { file.hasSuffix("/" + (places[$0] ?? "")) }
        .max { (places[$0] ?? "").utf8.count < (places[$1] ?? "").utf8.count }
    }
  }

  /// The file's bytes: a list, a line an object.
  public func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var bytes = Array("[".utf8)
    for (index, row) in rows.enumerated() {
      if index > 0 { bytes += Array(",\n".utf8) }
      bytes += try encoder.encode(row)
    }
    return bytes + Array("]\n".utf8)
  }
}
