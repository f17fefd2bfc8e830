import ArgumentParser
import Checkpoints
import Files
import Modeling
import Reporting

extension CheckpointCommand {
  /// `dense checkpoint average A B C --out FILE`
  struct Average: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the mean of the weights of several checkpoints of one model.",
      discussion: """
        Each number is the mean over the files, worked out in double precision and written as float32; whole numbers, \
        such as a batch norm's counter, are those of the last file. Names, shapes and classes have to be the same.
        """)

    @Argument(
      help: "The checkpoints: two or more.", completion: .file(extensions: ["safetensors", "pth", "pt"]))
    var inputs: [String]

    @Option(
      help: ArgumentHelp(
        "The new file; its extension, .safetensors, .pth or .pt, decides on the format.", valueName: "file"),
      completion: .file())
    var out: String

    func validate() throws {
      try requireNames(["--out": out])
      try requireWeightsFile(out)
      guard inputs.count >= 2 else { throw ValidationError("A mean is of two checkpoints or more.") }
    }

    func run() throws {
      try Output.reporting {
        let inputs = try inputs.map(CheckpointWords.file)
        var plan = OutputPlan()
        for input in inputs { plan.keep(input, as: "an input") }
        try plan.claim(out, for: "--out \(out)", of: "the average", remedy: "name another file")
        let files = try inputs.map { try Checkpoint(file: $0, namings: Components.all.weightNamings) }
        let means = try WeightAverage.mean(of: files)
        let metadata = files[0].metadata.filter {
          Checkpoint.classKeys.contains($0.key) || $0.key == "config"
        }
        if Folder.splitExtension(out).extension == "safetensors" {
          try Safetensors(means, metadata: metadata).write(to: out)
        } else {
          try PyTorchWriter.write(
            means, classes: try files[0].classes(), categoryIDs: try files[0].categoryIDs(), to: out)
        }
        try Output.print("\(means.count) tensors, the mean of \(files.count) files: \(out)")
      }
    }
  }
}
