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
    /// `metainfo.label_values` or `label_colours`.
    var code: LabelCode?

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
      case metainfo
    }

    /// Decodes mmsegmentation's keys.
    public init(from decoder: any Decoder) throws {
      try self.init(from: decoder, imageSuffix: ".jpg", labelMapSuffix: ".png", reducesZeroLabel: false)
    }

    /// Decodes mmsegmentation's keys, `img_suffix`, `seg_map_suffix` and `reduce_zero_label` with other defaults.
    init(
      from decoder: any Decoder, imageSuffix usualImageSuffix: String,
      labelMapSuffix usualLabelMapSuffix: String, reducesZeroLabel: Bool
    ) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      settings = try DatasetSettings(from: decoder)
      annotationFile = try keys.decodeIfPresent(String.self, forKey: .annotationFile)
      prefix = try keys.decode(Prefix.self, forKey: .prefix)
      imageSuffix = try keys.decodeIfPresent(String.self, forKey: .imageSuffix) ?? usualImageSuffix
      labelMapSuffix =
        try keys.decodeIfPresent(String.self, forKey: .labelMapSuffix) ?? usualLabelMapSuffix
      reduceZeroLabel = try keys.decodeIfPresent(Bool.self, forKey: .reduceZeroLabel) ?? reducesZeroLabel
      ignoreIndex = try keys.decodeIfPresent(Located<Int>.self, forKey: .ignoreIndex)
      if let labels = settings.labelKeys {
        code = try Self.code(labels, classes: settings.classes, reducesZeroLabel: reduceZeroLabel) {
          keys.refusal($0, forKey: .metainfo)
        }
      }
    }

    private static func code(
      _ keys: DatasetSettings.LabelKeys, classes: [String]?, reducesZeroLabel: Bool,
      refusal: (String) -> any Error
    ) throws -> LabelCode? {
      let (values, colours) = (keys.values, keys.colours)
      guard values == nil || colours == nil else {
        throw refusal(
          "label_values and label_colours: the files have numbers or colours, so one of them is wanted")
      }
      guard let count = values?.count ?? colours?.count else {
        if keys.ignoredValues != nil { throw refusal("ignored_values needs label_values beside it") }
        if keys.ignoredColours != nil { throw refusal("ignored_colours needs label_colours beside it") }
        return nil
      }
      let key = values == nil ? "label_colours" : "label_values"
      guard count == classes?.count else {
        throw refusal(
          "\(key) has \(count) entries, classes has \(classes?.count ?? 0): one a class is wanted, in their order"
        )
      }
      guard !reducesZeroLabel else {
        throw refusal("\(key) says already what each class is in the files: leave reduce_zero_label out")
      }
      guard keys.ignoredValues == nil || values != nil, keys.ignoredColours == nil || colours != nil else {
        throw refusal("beside \(key) stands \(values == nil ? "ignored_colours" : "ignored_values")")
      }
      func colour(_ list: [[UInt8]]) throws -> [SIMD3<UInt8>] {
        guard list.allSatisfy({ $0.count == 3 }) else {
          throw refusal("\(key): [red, green, blue] of each is wanted")
        }
        return list.map { SIMD3($0[0], $0[1], $0[2]) }
      }
      let code =
        if let colours {
          LabelCode(colours: try colour(colours), ignored: try colour(keys.ignoredColours ?? []))
        } else {
          LabelCode(
            values: (values ?? []).map(Int32.init), ignored: (keys.ignoredValues ?? []).map(Int32.init))
        }
      guard let code else { throw refusal("\(key): one of them occurs twice") }
      return code
    }

    /// What the numbers in the label maps stand for.
    func labels(classes: [String]) -> LabelMeaning {
      LabelMeaning(
        classCount: classes.count, ignoreIndex: ignoreIndex, reducesZeroLabel: reduceZeroLabel, code: code)
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
