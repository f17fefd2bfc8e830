import Analysis
import Data
import Files
import Foundation
import Imaging
import Modeling
import Training

/// Leaves in the run's folder what people look at: `curves.svg` and `curves.png`, `labels.png`, `confusion_matrix.png`, the
/// first training batches as the model sees them, and events for TensorBoard.
///
/// None of it ends a run: a file that cannot be written is a warning.
public struct RunRecordHook: Hook {
  /// Its keys.
  struct Configuration: Decodable, Sendable {
    var batches: Int?

    enum CodingKeys: String, CodingKey { case batches = "train_batches" }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      batches = try keys.decodeIfPresent(Int.self, forKey: .batches, in: 0...100)
    }
  }

  /// Behind the log, whose figures it draws.
  public let priority = HookPriority.low

  private let unit: TrainLoop.Unit
  private let writesEvents: Bool
  private let batches: Int
  private var batchesDrawn = 0
  private var record: CurveRecord?
  private var objects: ObjectConfusion?

  /// Images of a batch that are drawn, and pixels of a side of each.
  private static let (mostImages, side) = (16, 480)

  /// As every run has it: events for TensorBoard, unless `vis_backends` names others only.
  init(in context: HookContext, _ settings: Configuration? = nil) {
    unit = context.loop.unit
    writesEvents = context.backends?.contains("TensorboardVisBackend") ?? true
    batches = settings?.batches ?? 3
  }

  /// Takes up the curves of the run that is resumed, and counts the labels of the training data.
  public mutating func beforeRun(_ trainer: Trainer) throws {
    guard let workDirectory = trainer.workDirectory else { return }
    var curves = RunCurves(name: workDirectory.timestamp)
    for folder in trainer.earlierRuns {
      if let earlier = try? RunCurves(contentsOf: folder) { curves.append(earlier) }
    }
    curves.cut(after: Double(trainer.iteration))
    let record = CurveRecord(curves, unit: unit)
    self.record = record
    trainer.add(record)
    if writesEvents {
      trainer.attempt("there are no events for TensorBoard") {
        let events = try EventFile(in: workDirectory.visualization)
        trainer.add(events)
        let config = try String(contentsOfFile: workDirectory.configurationFile, encoding: .utf8)
        try events.write(text: config, name: "config")
      }
    }
    trainer.attempt("labels.png was not written") {
      guard let labels = try LabelsFigure(trainer.trainingDataset) else { return }
      try labels.picture.writePNG(to: "\(workDirectory.runFolder)/labels.png")
    }
  }

  /// Draws the first batches.
  public mutating func afterLoading(_ trainer: Trainer, _ samples: [Sample]) throws {
    guard let folder = trainer.workDirectory?.runFolder, batchesDrawn < batches else { return }
    let name = "train_batch\(batchesDrawn)"
    batchesDrawn += 1
    let metainfo = trainer.trainingDataset.metainfo
    trainer.attempt("\(name).jpg was not written") {
      let pictures = try samples.prefix(Self.mostImages).filter { $0.image != nil }
        .map { try Picture(of: $0, metainfo: metainfo).image }
      guard !pictures.isEmpty else { return }
      let largest = pictures.map { max($0.height, $0.width) }.max() ?? 1
      let sheet = Image.grid(pictures, side: min(Self.side, largest))
      try sheet.writeJPEG(to: "\(folder)/\(name).jpg", quality: 90)
      trainer.write(sheet, name: name)
    }
  }

  /// Begins to count which objects are taken for which.
  public mutating func beforeValidation(_ trainer: Trainer) throws {
    objects = trainer.validationDataset.map { ObjectConfusion(classes: $0.metainfo.classes) }
  }

  /// Counts the objects of an image.
  public mutating func afterPrediction(
    _ trainer: Trainer, _ prediction: Prediction, for sample: Sample
  ) throws {
    if let found = prediction.instances { objects?.add(found, sample.annotations) }
  }

  /// Draws the curves up to now, and what this validation took for what.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    drawCurves(trainer)
    guard let folder = trainer.workDirectory?.runFolder,
      let confusion = summary.confusion ?? objects?.confusion
    else { return }
    objects = nil
    trainer.attempt("confusion_matrix.png was not written") {
      let picture = ConfusionFigure(confusion).picture
      try picture.writePNG(to: "\(folder)/confusion_matrix.png")
      trainer.write(picture, name: "confusion_matrix")
    }
  }

  /// Draws the curves of the whole run.
  public mutating func afterRun(_ trainer: Trainer) throws { drawCurves(trainer) }

  private func drawCurves(_ trainer: Trainer) {
    guard let record, let folder = trainer.workDirectory?.runFolder else { return }
    trainer.attempt("the curves were not written") {
      let figure = CurvesFigure([record.curves])
      try AtomicFile.write(figure.svg.utf8, to: "\(folder)/curves.svg", isDurable: false)
      try figure.picture.writePNG(to: "\(folder)/curves.png")
    }
  }
}

/// Which objects a detector takes for which: the last row and column are for nothing at all.
final class ObjectConfusion {
  /// The least score of what counts as found.
  private static let scoreThreshold: Float = 0.3
  private var counts: ClassConfusion

  init(classes: [String]) { counts = ClassConfusion(names: classes + ["background"], unit: "objects") }

  func add(_ found: InstancePrediction, _ truth: [InstanceAnnotation]) {
    let matches = ObjectMatches(truth, found, scoreThreshold: Self.scoreThreshold)
    let nothing = counts.names.count - 1
    func place(_ label: Int) -> Int { min(max(0, label), nothing) }
    for (object, prediction) in matches.pairs {
      counts[place(truth[object].label), place(found.labels[prediction])] += 1
    }
    for object in matches.missed { counts[place(truth[object].label), nothing] += 1 }
    for prediction in matches.vain { counts[nothing, place(found.labels[prediction])] += 1 }
  }

  /// The counts; nil where there was neither an object nor a prediction.
  var confusion: ClassConfusion? { counts.counts.isEmpty ? nil : counts }
}
