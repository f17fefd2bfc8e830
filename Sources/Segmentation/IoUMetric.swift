import Configuration
import Data
import Files
import Imaging
import Modeling

/// Agreement of label maps (mmsegmentation's `IoUMetric`), counted image by image into one matrix.
public struct IoUMetric: Metric {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable {
    /// mm's figures, and boundary IoU.
    enum Figures: String, Decodable, CaseIterable, Sendable { case mIoU, mDice, mFscore, mBIoU }

    var ignoreIndex: Located<Int>?
    var figures: [Figures]
    var nanReplacement: Double?
    var beta: Double
    /// Whether label maps are written and nothing is judged.
    var formatsOnly: Bool
    var outputFolder: Located<String>?
    var prefix: String?

    enum CodingKeys: String, CodingKey {
      case beta, prefix
      case ignoreIndex = "ignore_index"
      case figures = "iou_metrics"
      case nanReplacement = "nan_to_num"
      case formatsOnly = "format_only"
      case outputFolder = "output_dir"
      case collection = "collect_device"
    }

    /// Decodes mmsegmentation's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      ignoreIndex = try keys.decodeIfPresent(Located<Int>.self, forKey: .ignoreIndex)
      if let one = try? keys.decode(Figures.self, forKey: .figures) {
        figures = [one]
      } else {
        figures = try keys.decodeIfPresent([Figures].self, forKey: .figures) ?? [.mIoU]
      }
      nanReplacement = try keys.decodeIfPresent(Double.self, forKey: .nanReplacement)
      beta = try keys.decodeIfPresent(Double.self, forKey: .beta, in: 1e-6...1e6) ?? 1
      formatsOnly = try keys.decodeIfPresent(Bool.self, forKey: .formatsOnly) ?? false
      outputFolder = try keys.decodeIfPresent(Located<String>.self, forKey: .outputFolder)
      prefix = try keys.decodeIfPresent(String.self, forKey: .prefix)
      // Where mm gathers results of several processes.
      _ = try keys.decodeIfPresent(String.self, forKey: .collection)
      if outputFolder?.value.isEmpty == true {
        throw keys.refusal("an empty name; a folder is wanted", forKey: .outputFolder)
      }
      guard !formatsOnly || outputFolder != nil else {
        throw keys.refusal("true needs output_dir, the folder for the label maps", forKey: .formatsOnly)
      }
    }
  }

  private let configuration: Configuration
  private let classes: [String]
  private var counts: SegmentationCounts
  private var output: LabelMapFolder?

  /// A metric over the classes of a data set. Its sources, the images and label maps of the data set, are not written
  /// over.
  ///
  /// - Throws: `ConfigurationError` when `ignore_index` is not what the data set ignores, there are more classes than
  ///   a confusion matrix holds, or `output_dir` is a folder of the data set.
  public init(
    _ configuration: Configuration, of metainfo: DatasetMetainfo, sources: [String] = []
  ) throws {
    self.configuration = configuration
    classes = metainfo.classes
    guard (1...ConfusionMatrix.mostClasses).contains(classes.count) else {
      throw ConfigurationError(
        message: "\(classes.count) classes; IoUMetric counts pixels of 1...\(ConfusionMatrix.mostClasses)")
    }
    let labels = metainfo.labels ?? LabelMeaning(classCount: classes.count)
    try labels.require(configuration.ignoreIndex)
    counts = SegmentationCounts(
      ConfusionMatrix(classes: classes.count, ignoreIndex: Int(labels.ignored)),
      countsBoundaries: configuration.figures.contains(.mBIoU))
    output = try configuration.outputFolder.map { try LabelMapFolder($0, sources: sources) }
  }

  /// Counts the pixels of one image. Its labels are those that the pipeline has loaded.
  ///
  /// - Throws: `DataError` that names the image when it has no labels, or illegal ones; errors of `output_dir`.
  public mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    guard let map = prediction.labelMap else {
      throw DataError(
        file: sample.imagePath,
        "IoUMetric compares label maps; the model gave none: objects are judged by CocoMetric, classes of whole images by "
          + "Accuracy")
    }
    try output?.write(map, of: sample)
    guard !configuration.formatsOnly else { return }
    guard let label = sample.labelMap else {
      throw DataError(
        file: sample.imagePath, "was loaded without labels: add LoadAnnotations to the pipeline")
    }
    do { try counts.add(label: label, prediction: map) } catch {
      throw DataError(file: sample.labelMapPath ?? sample.imagePath, "\(error)")
    }
  }

  /// The counts of pixels so far.
  public var state: SegmentationCounts { counts }

  /// Adds the counts over other images.
  ///
  /// - Throws: `DataError` for counts of other classes.
  public mutating func merge(_ state: SegmentationCounts) throws {
    let (own, other) = (counts.confusion, state.confusion)
    guard own.classes == other.classes, own.ignoreIndex == other.ignoreIndex,
      (state.boundary?.labels.count ?? own.classes) == own.classes
    else {
      throw DataError(
        file: nil,
        "counts over \(other.classes) classes without label \(other.ignoreIndex) do not add to those over "
          + "\(own.classes) without \(own.ignoreIndex)")
    }
    guard (state.boundary == nil) == (counts.boundary == nil) else {
      throw DataError(file: nil, "counts with and without those near outlines (mBIoU) do not add up")
    }
    counts += state
  }

  /// The means over classes, in percent; the figures that the config asks for.
  public var figures: [MetricFigure] { shownNames.map { MetricFigure(prefixed($0)) } }

  /// Under mm's names, without prefix.
  private var shownNames: [String] {
    guard !configuration.formatsOnly else { return [] }
    let shown: Set<String> = configuration.figures.reduce(into: ["aAcc"]) { names, figure in
      switch figure {
      case .mIoU: names.formUnion(["mIoU", "mAcc"])
      case .mDice: names.formUnion(["mDice", "mAcc"])
      case .mFscore: names.formUnion(["mFscore", "mPrecision", "mRecall"])
      case .mBIoU: names.insert("mBIoU")
      }
    }
    return SegmentationSummary.meanNames.filter(shown.contains)
  }

  private func prefixed(_ name: String) -> String { configuration.prefix.map { "\($0)/\(name)" } ?? name }

  /// mm's figures in percent, a table, and the object of `evaluate segmentation`, below `prefix` where there is one.
  public func summary() throws -> MetricSummary {
    if configuration.formatsOnly, let output {
      return MetricSummary(
        values: [], table: "\(output.count) label maps are in \(output.path)",
        json: Named(prefix: configuration.prefix, value: ["output_dir": output.path]))
    }
    let summary = SegmentationSummary(
      counts, classes: classes, beta: configuration.beta, nanReplacement: configuration.nanReplacement)
    let shown = shownNames
    // mmsegmentation rounds its percents to two digits; so do the logs of both.
    let values = summary.means.filter { shown.contains($0.name) }.map {
      (name: prefixed($0.name), value: ($0.value * 10_000).rounded() / 100)
    }
    var result = MetricSummary(
      values: values, table: summary.text(), json: Named(prefix: configuration.prefix, value: summary))
    result.perClass = [summary.classFigures(Set(shown))]
    result.confusion = summary.classConfusion
    return result
  }

  /// An object by itself, or below a name.
  private struct Named<Value: Encodable & Sendable>: Encodable, Sendable {
    var prefix: String?
    var value: Value

    func encode(to encoder: any Encoder) throws {
      guard let prefix else { return try value.encode(to: encoder) }
      var keys = encoder.container(keyedBy: Key.self)
      try keys.encode(value, forKey: Key(stringValue: prefix))
    }
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
