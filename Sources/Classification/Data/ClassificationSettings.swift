import Configuration
import Data
import Files

/// Settings of a data set of pictures that have one class each (mmpretrain's `CustomDataset`).
struct ClassificationSettings: Decodable, Sendable, OutlinedDataset {
  var shared: DatasetSettings
  /// `data_prefix`, below `data_root`.
  var prefix: String
  /// `ann_file`, below `data_root`.
  var list: String?
  /// `with_label`: whether the pictures have classes.
  var hasLabels: Bool
  /// In small letters, with their dots.
  var extensions: [String]
  /// `classes`, where it names a file.
  var classFile: String?

  /// `data_prefix`: a folder, or mmengine's mapping.
  private struct Prefix: Decodable {
    var path: String
    enum CodingKeys: String, CodingKey { case path = "img_path" }

    init(from decoder: any Decoder) throws {
      if let text = try? decoder.singleValueContainer().decode(String.self) {
        path = text
      } else {
        path =
          try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .path) ?? ""
      }
    }
  }

  enum CodingKeys: String, CodingKey {
    case prefix = "data_prefix"
    case list = "ann_file"
    case hasLabels = "with_label"
    case isLazy = "lazy_init"
    case extensions, classes
  }

  /// mmpretrain's keys.
  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    shared = try DatasetSettings(from: decoder)
    prefix = try keys.decodeIfPresent(Prefix.self, forKey: .prefix)?.path ?? ""
    let list = try keys.decodeIfPresent(String.self, forKey: .list) ?? ""
    self.list = list.isEmpty ? nil : list
    hasLabels = try keys.decodeIfPresent(Bool.self, forKey: .hasLabels) ?? true
    extensions = try (keys.decodeIfPresent([String].self, forKey: .extensions) ?? Self.extensions).map {
      let small = $0.lowercased()
      return small.hasPrefix(".") ? small : ".\(small)"
    }
    guard !extensions.isEmpty, !extensions.contains(".") else {
      throw keys.refusal("endings of file names are wanted: [.jpg, .png]", forKey: .extensions)
    }
    _ = try keys.decodeIfPresent(Bool.self, forKey: .isLazy)
    guard keys.contains(.classes), try !keys.decodeNil(forKey: .classes) else { return }
    guard shared.classes == nil else {
      throw keys.refusal("classes and metainfo.classes exclude each other", forKey: .classes)
    }
    if let file = try? keys.decode(String.self, forKey: .classes) {
      classFile = file
    } else {
      let classes = try keys.decode([String].self, forKey: .classes)
      guard !classes.isEmpty, Set(classes).count == classes.count else {
        throw keys.refusal(
          "one or more names, each once, or a file of names are wanted", forKey: .classes)
      }
      shared.classes = classes
    }
  }

  /// What is read here, of what mmpretrain looks for.
  static let extensions = [".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"]

  /// The classes where the config lists them, and the pipeline.
  func outline(in context: DataContext) -> DatasetOutline { shared.outline(in: context) }

  /// The folder of the pictures.
  var folder: String { shared.path(prefix) }
  /// The file that lists them, if one does.
  var listFile: String? { list.map { shared.path($0) } }

  /// Whether a file is taken, by its name.
  func takes(_ name: String) -> Bool {
    let small = name.lowercased()
    return extensions.contains { small.hasSuffix($0) }
  }
}
