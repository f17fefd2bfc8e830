import ArgumentParser
import Checkpoints
import Modeling
import Reporting

extension CheckpointCommand {
  /// `dense checkpoint diff A B`
  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare the weights of two checkpoints: names, shapes, types and numbers.",
      discussion:
        "Exit status 0: they are the same. 1: they differ, or a file cannot be read. Names of older releases count as today's."
    )

    @Argument(help: "The one checkpoint.", completion: .file(extensions: ["safetensors", "pth", "pt"]))
    var first: String

    @Argument(help: "The other.", completion: .file(extensions: ["safetensors", "pth", "pt"]))
    var second: String

    @Flag(help: "Compare all tensors of the files: an optimiser's state too.")
    var all = false

    @Option(parsing: .unconditional, help: "Numbers that are no further apart count as the same.")
    var tolerance = 0.0

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
      guard tolerance >= 0 else { throw ValidationError("--tolerance must be 0 or more.") }
    }

    func run() throws {
      try Output.reporting(json: json) {
        let files = try [first, second].map {
          try Checkpoint(file: try CheckpointWords.file($0), namings: Components.all.weightNamings)
        }
        let sets = files.map { all ? $0.tensors : $0.weights }
        let difference = WeightDifference(sets[0], sets[1], tolerance: tolerance)
        let comparison = CheckpointComparison(first, second, difference)
        if json { try Output.json(comparison) } else { try Output.print(comparison.text()) }
        if !difference.isEmpty { throw ExitCode.failure }
      }
    }
  }
}
