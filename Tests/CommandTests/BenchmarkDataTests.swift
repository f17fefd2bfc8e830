import Foundation
import TestSupport
import Testing

@Suite("benchmark data")
struct BenchmarkDataTests {
  /// What `--json` promises.
  private struct Object: Decodable {
    struct Stage: Decodable {
      var name: String
      var milliseconds: Double
    }
    var images_per_second: Double
    var stages: [Stage]
  }

  @Test("tells the rate and the time of each step under the config's names")
  func tells() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 3)
    let config = ExampleConfig.detector(set, iterations: 1, checkpoints: 1)
    let outcome = try Command.run(["benchmark", "data"] + config + ["--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let object = try JSONDecoder().decode(Object.self, from: Data(outcome.output.utf8))
    #expect(object.images_per_second > 0)
    #expect(
      object.stages.map(\.name) == [
        "CocoDataset", "LoadImageFromFile", "LoadAnnotations", "Resize", "RandomFlip", "PackDetInputs",
      ])
    let table = try Command.run(["benchmark", "data"] + config)
    #expect(table.status == 0 && table.output.contains("images/s with"))
  }

  @Test("says what is missing")
  func explains() throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/empty.yaml"
    try "default_scope: mmdet\n".write(toFile: file, atomically: true, encoding: .utf8)
    let outcome = try Command.run(["benchmark", "data", file])
    #expect(outcome.status == 1 && outcome.errors.contains("train_dataloader"), "\(outcome.errors)")
    #expect(try Command.run(["benchmark", "data", file, "--images", "0"]).status == 2)
  }
}
