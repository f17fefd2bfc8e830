import Foundation
import Imaging
import Tensors
import TestSupport
import Testing

/// `--half` and `precision: bfloat16`: what commands say of them, on processors that have bfloat16 and on others.
@Suite("bfloat16")
struct HalfTests {
  private let folder: TemporaryFolder
  private let set: GeneratedSet

  init() throws {
    folder = try TemporaryFolder()
    set = try GeneratedSet(in: folder.path + "/set", count: 2)
  }

  private struct Told: Decodable { var precision: String? }

  private func told(_ outcome: Command.Outcome) throws -> String? {
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try JSONDecoder().decode(Told.self, from: Data(outcome.output.utf8)).precision
  }

  @Test("training says that it is float32; predict and test say what they ran in, once it was asked for")
  func precision() throws {
    let ran = Precision.bfloat16.isAvailable ? "bfloat16" : "float32"
    let config = ExampleConfig.segmentor(set, iterations: 1, checkpoints: 1)
    let image = "\(set.folder)/images/validation/picture1.png"
    for (run, more, wanted) in [("plain", [], nil), ("half", ["precision=bfloat16"], ran)]
      as [(String, [String], String?)]
    {
      let work = "\(folder.path)/\(run)"
      let trained = try Command.run(["train"] + config + more + ["--work-dir", work])
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(
        (trained.output + trained.errors).contains(
          "precision: training and its validation are float32; bfloat16 is for")
          == !more.isEmpty)
      let checkpoint = "\(work)/iter_1.safetensors"
      for (option, wanted) in [([], wanted), (["--half"], ran)] as [([String], String?)] {
        let predicted = try Command.run(
          ["predict", checkpoint, image, "--json", "--out", "\(folder.path)/r.json"] + option)
        #expect(try told(predicted) == wanted)
        #expect(
          try JSONDecoder().decode(Told.self, from: Data(folder.text("r.json").utf8)).precision == wanted)
        let missing = predicted.errors.contains("AVX512_BF16")
        #expect(missing == (wanted == "float32"))
        #expect(try told(Command.run(["test", checkpoint, "--json"] + option)) == wanted)
      }
    }
    // The weights are those of float32.
    #expect(
      try Command.run([
        "checkpoint", "diff", "\(folder.path)/plain/iter_1.safetensors",
        "\(folder.path)/half/iter_1.safetensors",
      ]).output.contains("no difference"))
  }

  @Test("a segmentor's label maps of test --out have the classes' colours, and their numbers")
  func palette() throws {
    let config = ExampleConfig.segmentor(set, iterations: 1, checkpoints: 1)
    let trained = try Command.run(["train"] + config + ["--work-dir", "\(folder.path)/run", "--quiet"])
    #expect(trained.status == 0, "\(trained.errors)")
    let checkpoint = "\(folder.path)/run/iter_1.safetensors"
    let tested = try Command.run(["test", checkpoint, "--out", "\(folder.path)/maps"])
    #expect(tested.status == 0, "\(tested.errors)")
    let image = "\(set.folder)/images/validation/picture1.png"
    let predicted = try Command.run(["predict", checkpoint, image, "--out-dir", "\(folder.path)/o"])
    #expect(predicted.status == 0, "\(predicted.errors)")
    let (map, other) = ("\(folder.path)/maps/picture1.png", "\(folder.path)/o/picture1_labels.png")
    let numbers = try LabelMap.read(file: map).pixels
    #expect(try numbers == LabelMap.read(file: other).pixels && numbers.allSatisfy { (0...1).contains($0) })
    // Of the config: black and 200, 200, 0 or the like, as predict has them.
    #expect(try Image.decode(file: map).pixels == Image.decode(file: other).pixels)
    #expect(try Image.decode(file: map).pixels != numbers.flatMap { Array(repeating: UInt8($0), count: 3) })
  }
}
