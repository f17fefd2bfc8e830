import ArgumentParser
import Files
import Reporting
import Segmentation

/// `dense evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate result files against ground truth.",
    subcommands: [EvaluateCoco.self, EvaluateSegmentation.self])
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
