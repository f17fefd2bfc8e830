import ArgumentParser
import Checkpoints
import Files
import Modeling
import Reporting

/// `dense checkpoint`
struct CheckpointCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "checkpoint", abstract: "Look into checkpoints and convert them.",
    discussion:
      "Safetensors and PyTorch files are told apart by their content. Reading a file runs nothing in it.",
    subcommands: [Inspect.self, Convert.self])

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
          try Checkpoint(file: file, namings: Components.all.weightNamings))
        if json { try Output.json(listing) } else { try Output.print(listing.text()) }
      }
    }
  }

  /// `dense checkpoint convert IN OUT`
  struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the weights of a checkpoint as safetensors or .pth.",
      discussion: "Types and bits are kept unless --half is given; an optimiser's state is left out.")

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

    private static let extensions = ["safetensors", "pth", "pt"]

    func validate() throws {
      guard Self.extensions.contains(Folder.splitExtension(output).extension) else {
        throw ValidationError("\(output): the extension has to be .safetensors, .pth or .pt.")
      }
    }

    func run() throws {
      try Output.reporting {
        var plan = OutputPlan()
        plan.keep(input, as: "the input")
        try plan.claim(output, for: "convert", of: input, remedy: "name another file")
        let checkpoint = try Checkpoint(file: input, namings: Components.all.weightNamings)
        let tensors = try checkpoint.selected(averages: ema, prefix: prefix, half: half)
        if Folder.splitExtension(output).extension == "safetensors" {
          let metadata = checkpoint.metadata.filter { $0.key == "classes" }
          try Safetensors(tensors, metadata: metadata).write(to: output)
        } else {
          try PyTorchWriter.write(tensors, classes: (try? checkpoint.classes()) ?? nil, to: output)
        }
        let bytes = tensors.values.reduce(0) { $0 + $1.bytes.count }
        try Output.print("\(tensors.count) tensors, \(bytes) bytes: \(output)")
        if let line = CheckpointListing.skippedLine(checkpoint.skipped) { try Output.print(line) }
      }
    }
  }
}
