import Configuration

/// What a data set's config says before any of its files is opened: enough to predict images that are not in it.
public struct DatasetOutline: Sendable {
  /// Names of the classes; nil where only the annotation file has them.
  public var classes: [String]?
  /// Names of the classes of the data that the type is called after, for published weights that name none.
  public var usualClasses: [String]?
  /// The steps of the pipeline.
  public var pipeline: [ComponentConfiguration]
  private let colours: @Sendable (_ classes: [String]) -> [SIMD3<UInt8>]

  /// An outline.
  ///
  /// - Parameters:
  ///   - classes: Their names; nil where only the annotation file has them.
  ///   - usualClasses: Those of the data that the type is called after; nil where it is called after none.
  ///   - pipeline: Its steps, in order.
  ///   - palette: Red, green and blue of each of the classes; may be empty.
  public init(
    classes: [String]?, usualClasses: [String]? = nil, pipeline: [ComponentConfiguration],
    palette: @escaping @Sendable (_ classes: [String]) -> [SIMD3<UInt8>]
  ) {
    (self.classes, self.usualClasses, self.pipeline, colours) = (classes, usualClasses, pipeline, palette)
  }

  /// Red, green and blue of the classes, for pictures; may be empty.
  public func palette(for classes: [String]) -> [SIMD3<UInt8>] { colours(classes) }
}

/// Settings of a data set that say what it is about. A data set of a user's own whose settings have keys of their own for
/// that conforms; for others the keys of `DatasetSettings` are read.
public protocol OutlinedDataset {
  /// What the settings say; nothing is opened.
  ///
  /// - Throws: `ConfigurationError` about data sets within this one.
  func outline(in context: DataContext) throws -> DatasetOutline
}

extension DatasetSettings: OutlinedDataset {
  /// `metainfo` and `pipeline`.
  public func outline(in context: DataContext) -> DatasetOutline {
    DatasetOutline(classes: classes, pipeline: pipeline) { [palette] _ in palette }
  }
}

extension DataContext {
  /// What a data set's config says before any of its files is opened.
  ///
  /// - Throws: `ConfigurationError` for an unknown type and wrong settings.
  public func outline(of dataset: ComponentConfiguration) throws -> DatasetOutline {
    let settings = try components.datasets.settings(of: dataset, scope: scope)
    if let outlined = settings as? any OutlinedDataset { return try outlined.outline(in: self) }
    let shared = Set(["metainfo", "pipeline"])
    let others = Set((dataset.node.entries ?? []).map(\.key)).subtracting(shared)
    return try dataset.node.removing(others).decode(DatasetSettings.self).outline(in: self)
  }
}
