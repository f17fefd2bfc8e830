import Foundation
import Tensors
import TestSupport
import Testing

@Suite("benchmark model")
struct BenchmarkModelTests {
  /// What `--json` promises.
  private struct Object: Decodable {
    struct Operation: Decodable {
      var name: String
      var milliseconds: Double
      var count: Int
    }
    var milliseconds: Double
    var peak_memory: Int
    var P: Double
    var operations: [Operation]
    var images_per_second: Double?
  }

  private static func classifier(in folder: TemporaryFolder) throws -> String {
    let file = folder.path + "/classifier.yaml"
    try """
    model:
      type: ImageClassifier
      backbone: {type: VSSM, dims: [8, 8, 8, 8], depths: [1, 1, 1, 1]}
      head: {type: LinearClsHead, num_classes: 5, in_channels: 8}

    """.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  @Test("tells time, memory and operations of each mode", arguments: ["forward", "train", "throughput"])
  func tells(_ mode: String) throws {
    let folder = try TemporaryFolder()
    let call =
      [
        "benchmark", "model", try Self.classifier(in: folder), "--mode", mode, "--batch", "2", "--shape",
        "32", "64",
      ]
      + ["--rounds", "2", "--warm-up", "1"]
    let outcome = try Command.run(call + ["--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let data = Data(outcome.output.utf8)
    let object = try JSONDecoder().decode(Object.self, from: data)
    #expect(object.milliseconds > 0 && object.peak_memory > 0 && object.P > 0)
    #expect((1...10).contains(object.operations.count))
    #expect((object.images_per_second != nil) == (mode == "throughput"))
    let keys = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any]).keys
    #expect(keys.contains("flops") && keys.contains("ratio"))
    let table = try Command.run(call)
    #expect(table.status == 0 && table.output.hasPrefix("\(mode), batch 2 of 32 x 64"), "\(table.errors)")
  }

  @Test(
    "products in bfloat16, by option or config, where the processor has them; training stays float32",
    arguments: [
      (["--half"], true), (["--cfg-options", "precision=bfloat16"], true),
      (["--cfg-options", "precision=float32"], false),
      (["--cfg-options", "precision=bfloat16", "--mode", "train", "--batch", "2"], false),
    ])
  func half(_ options: [String], _ isHalf: Bool) throws {
    let folder = try TemporaryFolder()
    let call =
      ["benchmark", "model", try Self.classifier(in: folder), "--shape", "32", "32", "--rounds", "1"]
      + options
    let outcome = try Command.run(call)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let isThere = Precision.bfloat16.isAvailable
    #expect(outcome.output.contains("(bfloat16, ") == (isHalf && isThere), "\(outcome.output)")
    #expect(outcome.output.contains("note: this processor has no AVX512_BF16") == (isHalf && !isThere))
    let json = try Command.run(call + ["--json"])
    #expect(json.output.contains("\"precision\"") == (isHalf && isThere))
  }

  @Test(
    "says what cannot be measured",
    arguments: [
      (["--shape", "64"], 2, "height and width are wanted"), (["--shape", "0", "64"], 2, "height and width"),
      (["--shape", "16", "64"], 1, "coarsest map has a step of 32 pixels"), (["--batch", "0"], 2, "--batch"),
      (["--mode", "train", "--half"], 2, "--half is for inference"),
      (["--cfg-options", "precision=half"], 1, "precision: 'half' is not float32 or bfloat16"),
      (["--rounds", "-1"], 2, "--rounds"), (["--mode", "backward"], 2, "--mode"),
      (["--cfg-options", "model.head.in_channels=9"], 1, "model.head.in_channels"),
      (["--cfg-options", "model=null"], 1, "model"),
    ] as [([String], Int32, String)])
  func refuses(_ options: [String], _ status: Int32, _ words: String) throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(["benchmark", "model", try Self.classifier(in: folder)] + options)
    #expect(outcome.status == status && outcome.errors.contains(words), "\(outcome.errors)")
  }
}
