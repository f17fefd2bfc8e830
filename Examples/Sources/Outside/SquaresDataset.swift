import Coco
import Configuration
import Data
import Imaging

/// Pictures of one square each, of two classes; there is no annotation file, as the number of a picture says where its
/// square is.
public struct SquaresDataset: Dataset {
  /// mm's keys of all data sets, and how many pictures there are.
  struct Settings: Decodable, Sendable {
    let common: DatasetSettings
    let count: Int

    enum CodingKeys: CodingKey { case count }

    init(from decoder: any Decoder) throws {
      common = try DatasetSettings(from: decoder)
      count = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .count, in: 1...1000)
    }

    fileprivate var pictures: [Picture] { (0..<count).map { Picture(number: $0, folder: common.path("")) } }
  }

  /// One picture: its files, and where its square is.
  fileprivate struct Picture: Sendable {
    let number: Int
    let folder: String

    var path: String { DatasetSettings.path("\(number).png", below: folder) }
    var labelMapPath: String { DatasetSettings.path("\(number)-labels.png", below: folder) }
    var label: Int { number % 2 }
    var left: Int { 2 + number * 5 % 16 }
    var top: Int { 2 + number * 7 % 16 }
    var box: SIMD4<Float> {
      SIMD4(Float(left), Float(top), Float(left + squareSide), Float(top + squareSide))
    }
    /// Corners of the square.
    var outline: [Double] {
      let (x, y, side) = (Double(left), Double(top), Double(squareSide))
      return [x, y, x + side, y, x + side, y + side, x, y + side]
    }

    func sample(at index: Int, labels: LabelMeaning) -> Sample {
      Sample(
        index: index, imageID: number, imagePath: path, size: pictureSize,
        annotations: [InstanceAnnotation(box: box, label: label, mask: .polygons([outline]))],
        labelMapPath: labelMapPath, labels: labels)
    }

    /// Draws the picture and its label map.
    func write() throws {
      var pixels = [UInt8](repeating: 40, count: pictureSize.height * pictureSize.width * 3)
      // Between the squares is no class.
      var labels = [Int32](repeating: 255, count: pictureSize.height * pictureSize.width)
      for row in top..<top + squareSide {
        for place in row * pictureSize.width + left..<row * pictureSize.width + left + squareSide {
          labels[place] = Int32(label)
          pixels[3 * place + label] = 220
        }
      }
      try Image(height: pictureSize.height, width: pictureSize.width, pixels: pixels).writePNG(to: path)
      try LabelMap(height: pictureSize.height, width: pictureSize.width, pixels: labels)
        .writePNG(to: labelMapPath)
    }
  }

  /// Two classes.
  public let metainfo: DatasetMetainfo
  /// The config's.
  public let pipeline: Pipeline
  /// `test_mode`.
  public let isTest: Bool
  private let pictures: [Picture]

  init(_ settings: Settings, in context: DataContext) throws {
    let classes = settings.common.classes ?? ["blue", "green"]
    let labels = LabelMeaning(classCount: classes.count)
    metainfo = DatasetMetainfo(classes: classes, palette: settings.common.palette, labels: labels)
    var context = context
    context.labels = labels
    pipeline = try Pipeline(settings.common.pipeline, in: context)
    isTest = settings.common.isTest
    pictures = try settings.common.selected(from: settings.pictures, file: settings.common.path(""))
  }

  /// How many pictures there are.
  public var count: Int { pictures.count }

  /// A picture with its square.
  public func sample(at index: Int) throws -> Sample {
    pictures[index].sample(at: index, labels: metainfo.labels ?? LabelMeaning())
  }

  /// Draws the pictures of a data set.
  public static func draw(count: Int, in folder: String) throws {
    for number in 0..<count { try Picture(number: number, folder: folder).write() }
  }
}

extension SquaresDataset: InstanceTruthSource {
  /// The squares, for COCO's precision.
  public func instanceTruth() throws -> InstanceTruth? {
    let annotations = try CocoAnnotations(
      file: "squares",
      images: pictures.map {
        CocoAnnotations.Image(
          id: $0.number, fileName: nil, height: pictureSize.height, width: pictureSize.width)
      },
      annotations: pictures.map {
        let side = Double(squareSide)
        return CocoAnnotations.Annotation(
          id: $0.number + 1, imageID: $0.number, categoryID: $0.label + 1,
          boundingBox: (Double($0.left), Double($0.top), side, side), area: side * side,
          segmentation: .polygons([$0.outline]))
      },
      categories: metainfo.classes.enumerated().map { CocoAnnotations.Category(id: $0 + 1, name: $1) })
    return InstanceTruth(
      annotations: annotations, categoryIDs: metainfo.classes.indices.map { $0 + 1 },
      imageIDs: pictures.map(\.number))
  }
}

extension DatasetInventory {
  /// Every picture, and a note about squares near the edge.
  init(_ settings: SquaresDataset.Settings) {
    let labels = LabelMeaning(classCount: settings.common.classes?.count ?? 2)
    let pictures = settings.pictures
    self.init(
      samples: pictures.enumerated().map { $1.sample(at: $0, labels: labels) },
      annotationCount: pictures.count,
      faults: pictures.filter { $0.left + squareSide > pictureSize.width - 4 }.map {
        DataFault(
          file: $0.path, id: $0.number, kind: "square_near_edge",
          message: "its square lies within three pixels of the right edge",
          severity: .note)
      },
      classes: settings.common.classes ?? ["blue", "green"])
  }
}

private let pictureSize = ImageSize(height: 32, width: 32)
private let squareSide = 12
