import ArgumentParser
import Coco
import Detection
import Files
import Reporting
import Segmentation

/// `dense evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate result files against ground truth.",
    subcommands: [EvaluateCoco.self, EvaluateSegmentation.self])
}

extension CocoIoUType: ExpressibleByArgument {}

/// `dense evaluate coco`
struct EvaluateCoco: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coco", abstract: "COCO's average precision and recall, with pycocotools' numbers.")

  @Option(help: "The annotation file.", completion: .file(extensions: ["json"]))
  var annotations: String

  @Option(help: "The result file.", completion: .file(extensions: ["json"]))
  var results: String

  @Option(parsing: .upToNextOption, help: "What is compared: bbox, segm, proposal.")
  var iouType: [CocoIoUType] = [.bbox]

  @Option(parsing: .upToNextOption, help: "Three limits of results an image, such as 1 10 100.")
  var maxDets: [Int] = []

  @Flag(help: "Also print a row a class.")
  var classwise = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard maxDets.isEmpty || (maxDets.count == 3 && maxDets.allSatisfy { $0 > 0 }) else {
      throw ValidationError("--max-dets needs three positive numbers, such as 1 10 100.")
    }
  }

  func run() throws {
    try Output.reporting(json: json) {
      let truth = try CocoAnnotations(contentsOf: annotations)
      let found = try CocoResults(contentsOf: results)
      for summary in [truth.faultSummary, found.faultSummary].compactMap({ $0 }) {
        Output.message("warning: \(summary)")
      }
      let unknown = found.unknownCategoryIDs(in: truth)
      if !unknown.isEmpty {
        Output.message(
          "warning: \(results) has results of categories that \(annotations) lacks; they do not count: "
            + unknown.prefix(10).map(String.init).joined(separator: ", "))
      }
      var summaries: [String: CocoSummary] = [:]
      for type in iouType {
        let summary = try CocoEvaluator.evaluate(
          found, against: truth, iouType: type, maxDets: maxDets.isEmpty ? nil : maxDets)
        summaries[type.rawValue] = summary
        if !json { try Output.print("\(type.rawValue)\n\(summary.text(classwise: classwise))") }
      }
      if json { try Output.json(summaries) }
    }
  }
}

/// `dense evaluate segmentation`
struct EvaluateSegmentation: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segmentation", abstract: "mIoU, accuracy, Dice and F score, with mmsegmentation's numbers.")

  @Option(help: "The folder of label maps (PNG), in subfolders too.", completion: .directory)
  var annotations: String

  @Option(help: "The folder of predicted label maps (PNG) of the same names.", completion: .directory)
  var predictions: String

  @Option(parsing: .unconditional, help: "How many classes there are.")
  var numClasses: Int

  @Flag(help: "0 in the label maps means unlabelled, and class 0 is stored as 1.")
  var reduceZeroLabel = false

  @Option(
    parsing: .unconditional,
    help: "What is taken from the numbers of the predictions: 1 when they count from 1.")
  var predictionsOffset = 0

  @Option(parsing: .unconditional, help: "The label that is left out.")
  var ignoreIndex = 255

  @Option(parsing: .unconditional, help: "The weight of recall in the F score.")
  var beta = 1.0

  @Option(
    parsing: .unconditional,
    help: "What stands for figures that are not defined, such as 0; left out they are not in the means.")
  var nanToNum: Double?

  @Flag(help: "Also count pixels near outlines by themselves: boundary IoU.")
  var boundary = false

  @Option(
    help: "A folder for the confusion matrix: confusion_matrix.svg and .json.", completion: .directory)
  var plots: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    try requireNames(["--plots": plots])
    guard beta.isFinite, (1e-6...1e6).contains(beta) else {
      throw ValidationError("--beta must be in 1e-6...1e6.")
    }
    guard nanToNum?.isFinite ?? true else { throw ValidationError("--nan-to-num must be a number.") }
    func check(_ value: Int, _ range: ClosedRange<Int>, _ name: String) throws {
      guard range.contains(value) else {
        throw ValidationError("\(name) must be in \(range.lowerBound)...\(range.upperBound), not \(value).")
      }
    }
    try check(numClasses, 1...ConfusionMatrix.mostClasses, "--num-classes")
    try check(ignoreIndex, ConfusionMatrix.ignoreIndices, "--ignore-index")
    try check(predictionsOffset, ConfusionMatrix.predictionsOffsets, "--predictions-offset")
  }

  func run() throws {
    try Output.reporting(json: json) {
      var counts = SegmentationCounts(
        ConfusionMatrix(
          classes: numClasses, ignoreIndex: ignoreIndex, reducesZeroLabel: reduceZeroLabel,
          predictionsOffset: predictionsOffset), countsBoundaries: boundary)
      let pairs = try LabelMapPairs(annotations: annotations, predictions: predictions)
      if let plots { try Folder.makeWritable(plots) }
      try counts.add(pairs)
      let summary = SegmentationSummary(
        counts, classes: (0..<numClasses).map { "class \($0)" }, beta: beta, nanReplacement: nanToNum)
      if let plots { try ConfusionPlot(summary).write(into: plots) }
      if json { try Output.json(summary) } else { try Output.print(summary.text()) }
    }
  }
}
