import ArgumentParser
import Checkpoints
import Configuration
import Files
import Modeling
import Reporting
import Training

/// `dense checkpoint`
struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint", abstract: "Look into checkpoints, convert, average, compare and publish them.",
    discussion: """
      Safetensors and PyTorch files are told apart by their content. Reading a file runs nothing in it. A work directory \
      stands for its best checkpoint, else its newest.
      """,
    subcommands: [Inspect.self, Convert.self, Average.self, Publish.self, Diff.self])

  /// `dense checkpoint inspect FILE`
  struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the tensors of a checkpoint: names, types, shapes and sizes.")

    @Argument(help: "The checkpoint.", completion: .file(extensions: ["safetensors", "pth", "pt"]))
    var file: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
      try Output.reporting(json: json) {
        let listing = CheckpointListing(
          try Checkpoint(file: try CheckpointWords.file(file), namings: Components.all.weightNamings))
        if json { try Output.json(listing) } else { try Output.print(listing.text()) }
      }
    }
  }

  /// `dense checkpoint convert IN OUT`
  struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the weights of a checkpoint as safetensors or .pth.",
      discussion: """
        Types and bits are kept unless --half is given; an optimiser's state is left out. Names of VMamba's older \
        releases, torchvision and detectron2 become today's; where names depend on the model, as those of the original \
        Swin and of timm do, --config names it: every weight of the model is then wanted, and is written as the model \
        holds it.
        """)

    @Argument(help: "The checkpoint.", completion: .file(extensions: ["safetensors", "pth", "pt"]))
    var input: String

    @Argument(
      help: "The new file; its extension, .safetensors, .pth or .pt, decides on the format.",
      completion: .file())
    var output: String

    @Flag(help: "Write the averaged weights (model_ema, ema_state_dict).")
    var ema = false

    @Option(help: "Write only what is below this name, such as 'backbone', and take it off.")
    var prefix: String?

    @Flag(help: "Write floating-point numbers in half precision.")
    var half = false

    @Option(
      help: "A config whose model the weights are for: names and numbers become those of this model.",
      completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
      help:
        "With --config: a pattern, such as 'head.*', of weights that the checkpoint may lack. May be repeated."
    )
    var allowMissing: [String] = []

    func validate() throws {
      try requireNames(["--config": config])
      try requireWeightsFile(output)
      guard config != nil || allowMissing.isEmpty else {
        throw ValidationError("--allow-missing is of a model's weights: give --config too.")
      }
    }

    func run() throws {
      try Output.reporting {
        let input = try CheckpointWords.file(input)
        var plan = OutputPlan()
        plan.keep(input, as: "the input")
        try plan.claim(output, for: "convert", of: input, remedy: "name another file")
        if let config { plan.keep(config, as: "the config") }
        let checkpoint = try Checkpoint(
          file: input, namings: config == nil ? Components.all.weightNamings : [])
        let selected = try checkpoint.selected(averages: ema, prefix: prefix, half: half && config == nil)
        let tensors = try config.map { try named(by: $0, selected, of: input) } ?? selected
        if Folder.splitExtension(output).extension == "safetensors" {
          let metadata = checkpoint.metadata.filter { Checkpoint.classKeys.contains($0.key) }
          try Safetensors(tensors, metadata: metadata).write(to: output)
        } else {
          try PyTorchWriter.write(
            tensors, classes: (try? checkpoint.classes()) ?? nil,
            categoryIDs: (try? checkpoint.categoryIDs()) ?? nil, to: output)
        }
        let bytes = tensors.values.reduce(0) { $0 + $1.bytes.count }
        try Output.print("\(tensors.count) tensors, \(bytes) bytes: \(output)")
        if let line = CheckpointListing.skippedLine(checkpoint.skipped) { try Output.print(line) }
      }
    }

    /// The weights of a config's model, from those of the file.
    private func named(
      by config: String, _ tensors: [String: StoredTensor], of input: String
    ) throws -> [String: StoredTensor] {
      let experiment = Experiment(
        try ExperimentConfiguration(try ConfigurationNode.load(file: config, overrides: [])), components: .all
      )
      let model = try experiment.modelWithoutData()
      model.initialize(seed: 0)
      let loading = try model.load(tensors, file: input, allowingMissing: allowMissing)
      try Output.print("\(loading)")
      let initial = Set(loading.initialized)
      let all = model.stateDict.filter { !initial.contains($0.key) }
      return half
        ? try all.reduce(into: [:]) { $0[$1.key] = try $1.value.halved(name: $1.key, file: input) } : all
    }
  }
}
