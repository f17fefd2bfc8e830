import Configuration
import Data
import Files

/// Images and label maps of the same names, in two folders (mmsegmentation's `BaseSegDataset`).
public struct BaseSegDataset: Dataset {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable, OutlinedDataset {
    var settings: DatasetSettings
    var annotationFile: String?
    var prefix: Prefix
    var imageSuffix: String
    var labelMapSuffix: String
    var reduceZeroLabel: Bool
    /// `ignore_index`; nil: mm's 255, or what no class has.
    var ignoreIndex: Located<Int>?

    /// `metainfo` and `pipeline`.
    public func outline(in context: DataContext) -> DatasetOutline { settings.outline(in: context) }

    /// `data_prefix`.
    struct Prefix: Decodable, Sendable {
      var images: String
      var labelMaps: String?

      enum CodingKeys: String, CodingKey {
        case images = "img_path"
        case labelMaps = "seg_map_path"
      }
    }

    enum CodingKeys: String, CodingKey {
      case annotationFile = "ann_file"
      case prefix = "data_prefix"
      case imageSuffix = "img_suffix"
      case labelMapSuffix = "seg_map_suffix"
      case reduceZeroLabel = "reduce_zero_label"
      case ignoreIndex = "ignore_index"
    }

    /// Decodes mmsegmentation's keys.
    public init(from decoder: any Decoder) throws { try self.init(from: decoder, reducesZeroLabel: false) }

    /// Decodes mmsegmentation's keys; `reducesZeroLabel` is the default of `reduce_zero_label`.
    init(from decoder: any Decoder, reducesZeroLabel: Bool) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      settings = try DatasetSettings(from: decoder)
      annotationFile = try keys.decodeIfPresent(String.self, forKey: .annotationFile)
      prefix = try keys.decode(Prefix.self, forKey: .prefix)
      imageSuffix = try keys.decodeIfPresent(String.self, forKey: .imageSuffix) ?? ".jpg"
      labelMapSuffix = try keys.decodeIfPresent(String.self, forKey: .labelMapSuffix) ?? ".png"
      reduceZeroLabel = try keys.decodeIfPresent(Bool.self, forKey: .reduceZeroLabel) ?? reducesZeroLabel
      ignoreIndex = try keys.decodeIfPresent(Located<Int>.self, forKey: .ignoreIndex)
    }

    /// What the numbers in the label maps stand for.
    func labels(classes: [String]) -> LabelMeaning {
      LabelMeaning(
        classCount: classes.count, ignoreIndex: ignoreIndex, reducesZeroLabel: reduceZeroLabel)
    }
  }

  /// Classes and colours.
  public let metainfo: DatasetMetainfo
  /// What happens to each sample.
  public let pipeline: Pipeline
  /// Whether each image has to come out as it is.
  public let isTest: Bool

  /// Names below both folders, without suffixes.
  private let names: [String]
  private let files: SegmentationFiles
  private let labels: LabelMeaning

  /// Lists the images: those that `ann_file` names, or all in the folder and below, sorted.
  ///
  /// - Throws: `DataError` when a folder or `ann_file` is missing, no image is left, the classes are not given, or
  ///   images lack label maps (unless they are skipped); `ConfigurationError` about the pipeline, such as a key that
  ///   contradicts `ignore_index`.
  public init(_ configuration: Configuration, in context: DataContext) throws {
    let settings = configuration.settings
    let files = SegmentationFiles(configuration)
    guard let classes = settings.classes else {
      throw DataError(
        file: files.imageFolder, "label maps hold numbers only: name the classes in metainfo.classes")
    }
    let labels = configuration.labels(classes: classes)
    metainfo = DatasetMetainfo(classes: classes, palette: settings.palette, labels: labels)
    var context = context
    context.labels = labels
    pipeline = try Pipeline(settings.pipeline, in: context)
    isTest = settings.isTest
    self.files = files
    self.labels = labels
    let all = try files.names()
    names = try settings.selected(from: all, file: files.imageFolder)
    guard !names.isEmpty else {
      throw DataError(file: files.imageFolder, "0 of \(all.count) images left: indices name none")
    }
    if settings.onBrokenImage == .stop { try files.requireLabelMaps(of: names) }
  }

  /// How many images there are.
  public var count: Int { names.count }

  /// Names and sizes of the label maps.
  public var annotationSources: [AnnotationSource] {
    let maps = names.indices.compactMap { files.sample(names[$0], at: $0, labels: labels).labelMapPath }
    return maps.first.map { [.files(folder: Folder.split($0).folder, paths: maps)] } ?? []
  }

  /// An image and the place of its label map, before the pipeline.
  public func sample(at index: Int) throws -> Sample {
    files.sample(names[index], at: index, labels: labels)
  }
}
