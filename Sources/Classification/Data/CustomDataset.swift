import Configuration
import Data
import Files
import Imaging

/// Pictures that have one class each, in class folders or by a list (mmpretrain's `CustomDataset`).
public struct CustomDataset: Dataset {
  /// mmpretrain's keys.
  public struct Configuration: Decodable, Sendable, OutlinedDataset {
    let settings: ClassificationSettings

    /// Decodes mmpretrain's keys.
    public init(from decoder: any Decoder) throws { settings = try ClassificationSettings(from: decoder) }

    /// The classes where the config lists them, and the pipeline.
    public func outline(in context: DataContext) -> DatasetOutline { settings.outline(in: context) }
  }

  /// Classes and colours.
  public let metainfo: DatasetMetainfo
  /// What happens to each sample.
  public let pipeline: Pipeline
  /// Whether each image has to come out as it is.
  public let isTest: Bool
  /// Classes without pictures, and folders of no class.
  public let warnings: [String]

  private let list: PictureList
  /// Places in the list, in the data set's order.
  private let places: [Int]
  private let onBrokenImage: BrokenImagePolicy

  /// Lists the pictures: those of `ann_file`, or all in the class folders and below, sorted by the bytes of their names.
  ///
  /// - Throws: `DataError` where a folder or file is missing, no picture is left, or classes do not fit the folders;
  ///   `ConfigurationError` about the pipeline.
  public init(_ configuration: Configuration, in context: DataContext) throws {
    try self.init(configuration.settings, in: context)
  }

  init(_ settings: ClassificationSettings, in context: DataContext) throws {
    let shared = settings.shared
    list = try PictureList(settings)
    metainfo = DatasetMetainfo(classes: list.classes, palette: shared.palette)
    pipeline = try Pipeline(shared.pipeline, in: context)
    isTest = shared.isTest
    onBrokenImage = shared.onBrokenImage
    warnings = list.warnings
    let all = Array(list.names.indices)
    places = try shared.selected(from: all, file: list.folder)
    guard !places.isEmpty else {
      throw DataError(file: list.folder, "0 of \(all.count) pictures left: indices name none")
    }
  }

  /// How many pictures there are.
  public var count: Int { places.count }

  /// The names of the pictures with their classes, wherever those are from.
  public var annotationSources: [AnnotationSource] {
    [
      .names(
        folder: list.folder,
        paths: places.map { "\(list.names[$0]) \(list.labels.isEmpty ? -1 : list.labels[$0])" })
    ]
  }

  /// A picture and its class, before the pipeline.
  public func sample(at index: Int) throws -> Sample {
    list.sample(places[index], at: index, onBrokenImage: onBrokenImage)
  }

  /// What the header of the picture's file says; 0 x 0 where it cannot be read: loading says why.
  public func size(at index: Int) throws -> ImageSize {
    let path = list.sample(places[index], at: index, onBrokenImage: onBrokenImage).imagePath
    return (try? Image.size(ofFile: path)) ?? ImageSize(height: 0, width: 0)
  }
}

extension PictureList {
  /// A picture and its class.
  func sample(_ place: Int, at index: Int, onBrokenImage: BrokenImagePolicy) -> Sample {
    Sample(
      index: index, imageID: index, imagePath: DatasetSettings.path(names[place], below: folder),
      classLabel: labels.isEmpty ? nil : labels[place], onBrokenImage: onBrokenImage)
  }
}
