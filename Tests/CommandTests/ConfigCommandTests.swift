import Foundation
import TestSupport
import Testing

@Suite("dense config")
struct ConfigCommandTests {
  private struct Report: Decodable {
    struct Component: Decodable {
      struct Setting: Decodable {
        var key: String
        var types: [String]
        var required: Bool
        var `default`: String?
      }
      var kind, name, summary: String
      var settings: [Setting]
    }
    var components: [Component]
  }

  @Test("components lists every kind, or one of them, as text and as an object")
  func components() throws {
    let all = try Command.run(["config", "components", "--json"])
    let report = try JSONDecoder().decode(Report.self, from: Data(all.output.utf8))
    #expect(Set(report.components.map(\.kind)).count >= 18 && report.components.count >= 30)
    let backbones = try Command.run(["config", "components", "--kind", "backbone"])
    #expect(backbones.output.hasPrefix("backbone\n\n"), "\(backbones.output)")
    #expect(backbones.output.contains("\n  VSSM (MM_VSSM): VMamba"), "\(backbones.output)")
    #expect(
      backbones.output.contains(/\n    dims +int or list of int +\[96, 192, 384, 768\]\n/),
      "\(backbones.output)")
    #expect(!backbones.output.contains("AdamW"))
    let sets = try Command.run(["config", "components", "--kind", "dataset"])
    #expect(sets.output.contains("ann_file") && sets.output.contains("required"))
    let unknown = try Command.run(["config", "components", "--kind", "optimiser"])
    #expect(
      unknown.status == 2 && unknown.errors.contains("there are: backbone, "), "\(unknown.errors)")
  }

  @Test("several mistakes are shown together, and with --json as objects")
  func several() throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/a.yaml"
    try "modle: 1\nmodel: {type: MaskRCN}\ntest_dataloader: {batch_size: x, dataset: {type: CocoDataset}}\n"
      .write(
        toFile: file, atomically: false, encoding: .utf8)
    let outcome = try Command.run([
      "test", file, "x.pth", "--json", "--cfg-options", "test_dataloader.sampler={type: X}",
    ])
    #expect(
      outcome.status == 1 && outcome.errors.contains("error: 5 mistakes in the config:\n"),
      "\(outcome.errors)")
    for expected in [
      "\n--cfg-options[1] 'test_dataloader.sampler={type: X}':32: test_dataloader.sampler.type: unknown sampler 'X'",
      "\n\(file):1:1: modle: unknown key", "\n\(file):2:15: model.type: unknown model 'MaskRCN'",
      "\n\(file):3:31: test_dataloader.batch_size: 'x' is not",
      "test_dataloader.dataset: the key 'ann_file' is missing",
    ] {
      #expect(outcome.errors.contains(expected), "\(expected)\n\(outcome.errors)")
    }
    struct Answer: Decodable {
      struct Mistake: Decodable {
        var message: String
        var key: String?
      }
      var error: Mistake
      var errors: [Mistake]
    }
    let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
    #expect(answer.errors.count == 5 && answer.error.key == answer.errors.first?.key)
  }
}
