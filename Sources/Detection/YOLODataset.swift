import Configuration
import Conversion
import Data
import Files

/// Images with a text file each, as YOLO has them: boxes or polygons; `data.yaml` names classes and folders.
enum YOLODataset {
  /// `ann_file` is `data.yaml`; `split` or `data_prefix.img` says which of its pictures.
  struct Configuration: Decodable, Sendable, ConvertedDataset {
    let settings: DatasetSettings
    let filter: CocoDataset.Configuration.Filter
    /// `data.yaml`.
    let name: String
    private let split: String
    private let imageFolder: String?

    private struct Prefix: Decodable {
      var img: String?
    }

    private enum Split: String, Decodable, CaseIterable { case train, val, test }

    enum CodingKeys: String, CodingKey {
      case file = "ann_file"
      case prefix = "data_prefix"
      case filter = "filter_cfg"
      case split
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      let settings = try DatasetSettings(from: decoder)
      self.settings = settings
      name = settings.path(try keys.decodeIfPresent(String.self, forKey: .file) ?? "data.yaml")
      let usual: Split = settings.isTest ? .val : .train
      split = try (keys.decodeIfPresent(Split.self, forKey: .split) ?? usual).rawValue
      imageFolder = try keys.decodeIfPresent(Prefix.self, forKey: .prefix)?.img.map { settings.path($0) }
      filter = try keys.decodeIfPresent(CocoDataset.Configuration.Filter.self, forKey: .filter) ?? .init()
      if imageFolder != nil, keys.contains(.split) {
        throw keys.refusal(
          "data_prefix.img says already which pictures are meant: leave one of them out", forKey: .split)
      }
    }

    func reading(_ options: ReadingOptions) throws -> (
      reading: AnnotationReading, sources: [AnnotationSource]
    ) {
      let yolo = try YOLO(file: name)
      guard imageFolder != nil || yolo.splits.contains(split) else {
        throw DataError(
          file: name, "names no pictures for '\(split)', only for: \(yolo.splits.joined(separator: ", "))")
      }
      let reading =
        if let imageFolder {
          try yolo.reading(images: imageFolder, options: options)
        } else {
          try yolo.reading(split: split, options: options)
        }
      let labels = (reading.sets.first?.sources ?? []).filter { $0 != name }
      return (
        reading,
        [.file(name)] + (labels.first.map { [.files(folder: Folder.split($0).folder, paths: labels)] } ?? [])
      )
    }
  }
}
