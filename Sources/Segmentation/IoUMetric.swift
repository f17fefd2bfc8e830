import Configuration
import Data
import Modeling

/// Agreement of label maps (mmsegmentation's `IoUMetric`), counted image by image into one matrix.
public struct IoUMetric: Metric {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable {
    enum Figures: String, Decodable, CaseIterable, Sendable { case mIoU, mDice, mFscore }

    var ignoreIndex: Located<Int>?
    var figures: [Figures]
    var beta: Double

    enum CodingKeys: String, CodingKey {
      case beta
      case ignoreIndex = "ignore_index"
      case figures = "iou_metrics"
    }

    /// Decodes mmsegmentation's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      ignoreIndex = try keys.decodeIfPresent(Located<Int>.self, forKey: .ignoreIndex)
      figures = try keys.decodeIfPresent([Figures].self, forKey: .figures) ?? [.mIoU]
      beta = try keys.decodeIfPresent(Double.self, forKey: .beta, in: 1e-6...1e6) ?? 1
    }
  }

  private let configuration: Configuration
  private let classes: [String]
  private var confusion: ConfusionMatrix

  /// A metric over the classes of a data set.
  ///
  /// - Throws: `ConfigurationError` when `ignore_index` is not what the data set ignores, or there are more classes than
  ///   a confusion matrix holds.
  public init(_ configuration: Configuration, of metainfo: DatasetMetainfo) throws {
    self.configuration = configuration
    classes = metainfo.classes
    guard (1...ConfusionMatrix.mostClasses).contains(classes.count) else {
      throw ConfigurationError(
        message: "\(classes.count) classes; IoUMetric counts pixels of 1...\(ConfusionMatrix.mostClasses)")
    }
    let labels = metainfo.labels ?? LabelMeaning(classCount: classes.count)
    try labels.require(configuration.ignoreIndex)
    confusion = ConfusionMatrix(classes: classes.count, ignoreIndex: Int(labels.ignored))
  }

  /// Counts the pixels of one image. Its labels are those that the pipeline has loaded.
  ///
  /// - Throws: `DataError` that names the image when it has no labels, or illegal ones.
  public mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    guard let map = prediction.labelMap else {
      throw DataError(
        file: sample.imagePath,
        "IoUMetric compares label maps; the model gave none: objects are judged by CocoMetric, classes of whole images by "
          + "Accuracy")
    }
    guard let label = sample.labelMap else {
      throw DataError(
        file: sample.imagePath, "was loaded without labels: add LoadAnnotations to the pipeline")
    }
    do { try confusion.add(label: label, prediction: map) } catch {
      throw DataError(file: sample.labelMapPath ?? sample.imagePath, "\(error)")
    }
  }

  /// The counts of pixels so far.
  public var state: ConfusionMatrix { confusion }

  /// Adds the counts over other images.
  ///
  /// - Throws: `DataError` for counts of other classes.
  public mutating func merge(_ state: ConfusionMatrix) throws {
    guard state.classes == confusion.classes, state.ignoreIndex == confusion.ignoreIndex else {
      throw DataError(
        file: nil,
        "counts over \(state.classes) classes without label \(state.ignoreIndex) do not add to those over "
          + "\(confusion.classes) without \(confusion.ignoreIndex)")
    }
    confusion += state
  }

  /// The means over classes, in percent; the figures that the config asks for.
  public var figures: [MetricFigure] {
    let shown: Set<String> = configuration.figures.reduce(into: ["aAcc", "mAcc"]) { names, figure in
      switch figure {
      case .mIoU: names.insert("mIoU")
      case .mDice: names.insert("mDice")
      case .mFscore: names.formUnion(["mFscore", "mPrecision", "mRecall"])
      }
    }
    return SegmentationSummary.meanNames.filter(shown.contains).map { MetricFigure($0) }
  }

  /// mm's figures in percent, a table, and the object of `evaluate segmentation`.
  public func summary() throws -> MetricSummary {
    let summary = SegmentationSummary(confusion, classes: classes, beta: configuration.beta)
    let shown = Set(figures.map(\.name))
    // mmsegmentation rounds its percents to two digits; so do the logs of both.
    let values = summary.means.filter { shown.contains($0.name) }.map {
      (name: $0.name, value: ($0.value * 10_000).rounded() / 100)
    }
    var result = MetricSummary(values: values, table: summary.text(), json: summary)
    result.perClass = [summary.classFigures(shown)]
    result.confusion = summary.classConfusion
    return result
  }
}
