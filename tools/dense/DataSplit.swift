import ArgumentParser
import Conversion
import Curation
import Data
import Files
import Reporting
import Training

/// `dense data split INPUT...`
struct DataSplit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "split",
    abstract: "Split a data set into training, validation and test: every image into one part.",
    discussion: """
      Read is one of these:
        FILE.json      an annotation file of COCO
        IMAGES MAPS    a folder of images and one of their label maps
        FOLDER         a folder with a folder a class, or of images or label maps alone

      Written into --out are a list of names for each part, train.txt, val.txt, test.txt, and of an annotation file \
      instances_train.json and so on, which keep ids, categories and every other key of the file. Images stay where they \
      are. Lines of YAML that name the parts follow. The parts depend on names, objects and --seed, not on the order of \
      the file; images of one file name stay together.

      Shares are of images, and sum to 1; sizes are the nearest whole numbers, and no part is empty. Groups (--group-by, \
      --group-regex, --group-prefix: one patient, place or video) stay whole, whatever that makes of the shares. \
      --stratify keeps each class's share of objects, or of images, as near to that of the images as it can.

      dense data split instances.json --ratio 0.8,0.1,0.1 --out annotations
      dense data split images labels --val 0.2 --stratify --out splits
      dense data split instances.json --val 0.2 --group-regex '^(patient[0-9]+)_' --out annotations
      """)

  @Argument(help: "An annotation file, or one or two folders.", completion: .file())
  var inputs: [String]

  @Option(help: "The folder for lists and annotation files.", completion: .directory)
  var out: String

  @Option(
    help: ArgumentHelp(
      "Shares of training, validation and, if three, test.", valueName: "share,share[,share]"))
  var ratio: String?

  @Option(
    help: ArgumentHelp("The share of validation; the rest is training (default: 0.2).", valueName: "share"))
  var val: Double?

  @Option(help: ArgumentHelp("The share of the test; the rest is training.", valueName: "share"))
  var test: Double?

  @Option(
    help: ArgumentHelp(
      "Names of the parts in the order of --ratio (default: train,val,test).", valueName: "name,..."))
  var names: String?

  @Option(parsing: .unconditional, help: "Another number gives another split.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "Keep images together by a key that they have in the annotation file.", valueName: "key"))
  var groupBy: String?

  @Option(
    help: ArgumentHelp(
      "Keep images together by what a regular expression finds in their names: its first bracket, or all of it.",
      valueName: "expression"))
  var groupRegex: String?

  @Option(
    help: ArgumentHelp("Keep images together by their names up to this text, such as _.", valueName: "text"))
  var groupPrefix: String?

  @Flag(help: "Keep images of the same content together; all images are read for it.")
  var groupCopies = false

  @Flag(help: "Keep the classes' shares; label maps are read for it.")
  var stratify = false

  @OptionGroup var layout: DataLayoutOptions

  @Flag(help: "Write over files that are there; never over those that are read.")
  var force = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  /// The shares that the options name.
  private func shares() throws -> Shares {
    let names = names.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    do throws(DataError) {
      guard let ratio else {
        let (val, test) = (val ?? (test == nil ? 0.2 : 0), test ?? 0)
        guard val >= 0, test >= 0, val + test < 1, val + test > 0 else {
          throw DataError(file: nil, "--val and --test: shares whose sum is between 0 and 1 are wanted")
        }
        // No rounding: 1 - 0.2 is no sum of decimals.
        return try Shares([1 - val - test, val, test], names: names ?? Shares.usualNames)
      }
      guard val == nil, test == nil else {
        throw DataError(file: nil, "--ratio says all shares; leave --val and --test out")
      }
      let values = ratio.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      guard values.allSatisfy({ $0?.isFinite ?? false }) else {
        throw DataError(file: nil, "--ratio \(ratio): numbers between commas are wanted, such as 0.8,0.1,0.1")
      }
      return try Shares(values.compactMap { $0 }, names: names)
    } catch { throw ValidationError("\(error.message.hasPrefix("--") ? "" : "--ratio: ")\(error.message).") }
  }

  private func grouping() throws -> Grouping? {
    let given = [
      groupBy.map { Grouping.key($0) }, groupRegex.map { .expression($0) },
      groupPrefix.map { .prefix(upTo: $0) },
    ].compactMap { $0 }
    guard given.count <= 1 else {
      throw ValidationError("--group-by, --group-regex and --group-prefix exclude each other.")
    }
    return given.first
  }

  func validate() throws {
    try requireNames([
      "--out": out, "--group-by": groupBy, "--group-regex": groupRegex, "--group-prefix": groupPrefix,
    ])
    try DataLayoutOptions.requireInputs(inputs)
    _ = try shares()
    if let grouping = try grouping() {
      do { try grouping.check() } catch { throw ValidationError("--group-regex: \(error).") }
    }
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let progress = ProgressLine(isQuiet: json)
      let plan = try SplitPlan(
        try CuratedInput(inputs, options: layout.options), into: try shares(), seed: seed,
        grouping: try grouping(), isStratified: stratify, joinsCopies: groupCopies, out: out
      ) { progress.show("\($0) of \($1) label maps read") }
      progress.clear()
      try plan.files.claim(keeping: plan.inputs, out: out, force: force)
      try PlannedFile.writeTogether(plan.files)
      if json {
        try Output.json(plan.report)
      } else {
        try Output.print(plan.report.text())
        for note in plan.report.notes { try Output.print("note: \(note.printedWhole)") }
        if !plan.report.faults.isEmpty {
          try Output.print(DatasetCheckReport.text(of: plan.report.faults), terminator: "")
        }
        try Output.print("\n\(plan.files.count) files written\n\n\(plan.config)", terminator: "")
      }
      guard plan.report.faults.isEmpty else { throw ExitCode.failure }
    }
  }
}
