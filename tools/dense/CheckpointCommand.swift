import ArgumentParser
import Checkpoints
import Foundation
import Modeling

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

    private struct Report: Encodable {
      struct Row: Encodable {
        var name: String
        var dtype: String
        var shape: [Int]
        var bytes: Int
      }
      var format: String
      var layout: String
      var metadata: [String: String]
      var tensors: [Row]
      var bytes: Int
      var skipped: [String]

      init(_ checkpoint: Checkpoint) {
        format = checkpoint.format.rawValue
        layout = checkpoint.layout
        metadata = checkpoint.metadata
        tensors = checkpoint.tensors.sorted { $0.key < $1.key }.map { name, tensor in
          Row(name: name, dtype: tensor.type.rawValue, shape: tensor.shape, bytes: tensor.bytes.count)
        }
        bytes = checkpoint.byteCount
        skipped = checkpoint.skipped
      }
    }

    func run() throws {
      try Output.reporting(json: json) {
        let report = Report(try Checkpoint(file: file, namings: Components.all.weightNamings))
        if json { try Output.json(report) } else { show(report) }
      }
    }

    private func show(_ report: Report) {
      let name = max(4, report.tensors.map(\.name.printed.count).max() ?? 0)
      func row(_ texts: [(String, Int)]) -> String {
        texts.map { $0.0.padding(toLength: max($0.1, $0.0.count), withPad: " ", startingAt: 0) }
          .joined(separator: "  ")
      }
      for tensor in report.tensors {
        let shape = tensor.shape.map(String.init).joined(separator: "x")
        print(row([(tensor.name.printed, name), (tensor.dtype, 4), (shape, 18)]) + "  \(tensor.bytes)")
      }
      print("format    \(report.format), layout: \(report.layout.printed)")
      print("tensors   \(report.tensors.count), \(report.bytes) bytes")
      for (key, value) in report.metadata.sorted(by: { $0.key < $1.key }) {
        print("metadata  \(key.printed): \(value.printed)")
      }
      if !report.skipped.isEmpty {
        print("passed over, as no tensors: \(report.skipped.map(\.printed).joined(separator: ", "))")
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
      guard Self.extensions.contains((output as NSString).pathExtension) else {
        throw ValidationError("\(output): the extension has to be .safetensors, .pth or .pt.")
      }
    }

    func run() throws {
      try Output.reporting {
        let checkpoint = try Checkpoint(file: input, namings: Components.all.weightNamings)
        let tensors = try checkpoint.selected(averages: ema, prefix: prefix, half: half)
        if (output as NSString).pathExtension == "safetensors" {
          let metadata = checkpoint.metadata.filter { $0.key == "classes" }
          try Safetensors(tensors, metadata: metadata).write(to: output)
        } else {
          try PyTorchWriter.write(tensors, classes: (try? checkpoint.classes()) ?? nil, to: output)
        }
        let bytes = tensors.values.reduce(0) { $0 + $1.bytes.count }
        print("\(tensors.count) tensors, \(bytes) bytes: \(output)")
        if !checkpoint.skipped.isEmpty {
          print("passed over, as no tensors: \(checkpoint.skipped.map(\.printed).joined(separator: ", "))")
        }
      }
    }
  }
}
