import ArgumentParser
import Configuration
import Conversion
import Curation
import Data
import Files
import Modeling
import Reporting
import Training

/// `dense data sample INPUT...`
struct DataSample: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Take a small data set out of a large one, for trying things out.",
    discussion: """
      Read is one of these:
        CONFIG.yaml    the training, validation and test data of a config, --images of each
        FILE.json      an annotation file of COCO
        IMAGES MAPS    a folder of images and one of their label maps
        FOLDER         a folder with a folder a class

      Images (copies, or links by --link), label maps, lists and annotation files are written below --out as they lie \
      below data_root, so that the same config reads them with data_root=OUT. Each class is there at least once where \
      there are images enough. What is chosen depends on names, objects and --seed, not on the order of the file.

      dense data sample configs/quickstart/detector.yaml --images 20 --out data/small
      dense train configs/quickstart/detector.yaml --cfg-options data_root=data/small
      """)

  @Argument(help: "A config, an annotation file, or one or two folders.", completion: .file())
  var inputs: [String]

  @Option(parsing: .unconditional, help: "How many images of each data set, at most.")
  var images: Int

  @Option(help: "The folder for the sample.", completion: .directory)
  var out: String

  @Option(
    parsing: .upToNextOption, help: "Only images with one of these classes; each is there where possible.")
  var classes: [String] = []

  @Option(parsing: .unconditional, help: "Another number gives another sample.")
  var seed: UInt64 = 0

  @Flag(help: "Make links to the images instead of copies.")
  var link = false

  @OptionGroup var layout: DataLayoutOptions

  @OptionGroup var replacements: OverrideOptions

  @Flag(help: "Write over files that are there; never over those that are read.")
  var force = false

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  /// Whether a config is named.
  private var isConfig: Bool {
    inputs.count == 1
      && ["yaml", "yml"].contains(Folder.splitExtension(Folder.split(inputs[0]).name).extension.lowercased())
  }

  func validate() throws {
    try requireNames(["--out": out])
    try DataLayoutOptions.requireInputs(inputs)
    guard images > 0 else { throw ValidationError("--images must be 1 or more.") }
    guard Set(classes).count == classes.count, !classes.contains("") else {
      throw ValidationError("--classes needs names, each once.")
    }
    guard isConfig || replacements.overrides.isEmpty else {
      throw ValidationError("--cfg-options: there is no config whose values could be replaced.")
    }
    guard !isConfig || layout.isEmpty else {
      throw ValidationError(
        "--data-prefix and suffixes are said by the config; replace its keys by --cfg-options.")
    }
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let settings = SamplePlan.Settings(
        count: images, classes: classes.isEmpty ? nil : classes, seed: seed, usesLinks: link, out: out)
      let progress = ProgressLine(isQuiet: json)
      let reading = { (done: Int, all: Int) in progress.show("\(done) of \(all) label maps read") }
      let plan: SamplePlan
      var usage: String?
      if isConfig {
        try CuratedInput.refuseForeign(inputs)
        let experiment = Experiment(
          try ExperimentConfiguration(replacements.load(inputs[0], carriedBy: "")), components: .all)
        let named = experiment.configuration.datasets
        guard !named.isEmpty else { throw DataError(file: inputs[0], "the config names no data sets") }
        plan = try SamplePlan(
          of: named, components: experiment.components.data, scope: experiment.scope, settings,
          progress: reading)
        usage =
          "dense train \(inputs[0]) --cfg-options "
          + experiment.configuration.rootKeys.map { "\($0)=\(out)" }.joined(separator: " ")
      } else {
        plan = try SamplePlan(of: CuratedInput(inputs, options: layout.options), settings, progress: reading)
      }
      progress.clear()
      try plan.files.claim(keeping: plan.inputs, out: out, force: force)
      try PlannedFile.writeTogether(plan.files) {
        progress.show("\($0) of \(plan.files.count) files written")
      }
      progress.clear()
      guard !json else { return try Output.json(plan.report) }
      try Output.print(plan.report.text())
      try Output.print("\n\(plan.files.count) files written below \(out)\n")
      if let usage {
        try Output.print(usage)
      } else {
        try Output.print(
          "a config whose data lie so reads them with --cfg-options data_root=\(out):\n\n\(plan.config)",
          terminator: "")
      }
    }
  }
}

extension ExperimentConfiguration {
  /// The data sets of training, validation and test, each once.
  var datasets: [(name: String, dataset: ComponentConfiguration)] {
    var seen = Set<String>()
    let loaders = [("train", trainDataloader), ("val", valDataloader), ("test", testDataloader)]
    return loaders.compactMap { name, loader in
      guard let dataset = loader?.dataset,
        seen.insert(dataset.node.removing(["pipeline", "test_mode"]).yaml()).inserted
      else { return nil }
      return (name, dataset)
    }
  }

  /// The keys that move the data sets: `data_root`, and those of data sets that have one of their own.
  fileprivate var rootKeys: [String] {
    let own = datasets.filter { $0.dataset.node["data_root"]?.string != dataRoot }
      .map { "\($0.name)_dataloader.dataset.data_root" }
    return own.count < datasets.count ? ["data_root"] + own : own
  }
}
