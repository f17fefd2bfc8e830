import ArgumentParser
import Files
import Training

extension CheckpointCommand {
  /// `dense checkpoint publish FILE [OUT]`
  struct Publish: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the weights alone, with the beginning of their file's SHA-256 in its name.",
      discussion: """
        What only a run needs is left out: the optimiser's state, schedules, and the weights that training goes on from \
        where the file has averages. Classes and config stay. The name is OUT with the first eight digits of the checksum \
        before its ending, as mm's publish_model.py has it: mask_rcnn.pth becomes mask_rcnn-0123abcd.pth.
        """)

    @Argument(help: "The checkpoint.", completion: .file(extensions: ["safetensors", "pth", "pt"]))
    var input: String

    @Argument(
      help: "The new file without its checksum. (default: that of the input, as safetensors)",
      completion: .file())
    var output: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Report: Encodable {
      var file: String
      var tensors: Int
      var left_out: Int
    }

    func validate() throws { if let output { try requireWeightsFile(output) } }

    func run() throws {
      try Output.reporting(json: json) {
        let input = try CheckpointWords.file(input)
        let output = output ?? Folder.splitExtension(input).stem + ".safetensors"
        let published = try PublishedCheckpoint.publish(input, to: output)
        if json {
          try Output.json(
            Report(file: published.file, tensors: published.tensors, left_out: published.leftOut))
        } else {
          try Output.print(
            "\(published.tensors) tensors, \(published.leftOut) left out: \(published.file)")
        }
      }
    }
  }
}
