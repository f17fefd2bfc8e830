import Coco
import Configuration
import Conversion
import Data
import Files

/// Images with an XML file each, as Pascal VOC has them (mmdetection's `XMLDataset` and `VOCDataset`).
enum XMLDataset {
  /// mmdetection's keys.
  struct Configuration: Decodable, Sendable, ConvertedDataset {
    private(set) var settings: DatasetSettings
    let filter: CocoDataset.Configuration.Filter
    private let list: String?
    private let root: String
    private let imageFolder: String
    private let annotationFolder: String

    private struct Prefix: Decodable {
      var sub_data_root: String?
    }

    enum CodingKeys: String, CodingKey {
      case list = "ann_file"
      case prefix = "data_prefix"
      case imageFolder = "img_subdir"
      case annotationFolder = "ann_subdir"
      case filter = "filter_cfg"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      settings = try DatasetSettings(from: decoder)
      let file = try keys.decodeIfPresent(String.self, forKey: .list) ?? ""
      list = file.isEmpty ? nil : settings.path(file)
      root = settings.path(try keys.decodeIfPresent(Prefix.self, forKey: .prefix)?.sub_data_root ?? "")
      imageFolder = try keys.decodeIfPresent(String.self, forKey: .imageFolder) ?? "JPEGImages"
      annotationFolder = try keys.decodeIfPresent(String.self, forKey: .annotationFolder) ?? "Annotations"
      filter = try keys.decodeIfPresent(CocoDataset.Configuration.Filter.self, forKey: .filter) ?? .init()
    }

    /// What messages call its annotations.
    var name: String { list ?? DatasetSettings.path(annotationFolder, below: root) }

    /// The same with VOC's classes and their colours, unless it names its own.
    var withUsualClasses: Configuration {
      var other = self
      if settings.classes == nil { other.settings.classes = PascalVOC.classes }
      if settings.palette.isEmpty {
        other.settings.palette = XMLDataset.palette(for: other.settings.classes ?? [])
      }
      return other
    }

    func reading(_ options: ReadingOptions) throws -> (
      reading: AnnotationReading, sources: [AnnotationSource]
    ) {
      let voc = try PascalVOC(
        images: DatasetSettings.path(imageFolder, below: root),
        annotations: DatasetSettings.path(annotationFolder, below: root))
      let names = try list.map { try PascalVOC.names(inList: $0) } ?? voc.names()
      return (
        try voc.reading(names, options: options),
        (list.map { [.file($0)] } ?? []) + [.files(folder: voc.annotations, paths: names.map(voc.file))]
      )
    }
  }

  /// VOC's classes have the colours of COCO's that mean the same.
  private static func palette(for classes: [String]) -> [SIMD3<UInt8>] {
    let others = [
      "aeroplane": "airplane", "diningtable": "dining table", "motorbike": "motorcycle",
      "pottedplant": "potted plant",
      "sofa": "couch", "tvmonitor": "tv",
    ]
    return CocoClasses.palette(for: classes.map { others[$0] ?? $0 })
  }
}
