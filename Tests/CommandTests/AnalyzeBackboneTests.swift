import Foundation
import Imaging
import TestSupport
import Testing

@Suite("dense analyze receptive-field, scale and activations")
struct AnalyzeBackboneTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder(["a.yaml": AnalyzeTests.config])
    for name in ["a.png", "b.png"] {
      let pixels = (0..<40 * 48 * 3).map { UInt8(truncatingIfNeeded: $0 * (name == "a.png" ? 7 : 11)) }
      try folder.write(try Image(height: 40, width: 48, pixels: pixels).encodedPNG(), as: name)
    }
    return folder
  }

  private struct Field: Decodable {
    struct Part: Decodable { var side: [String: [Int]] }
    var fields: [Part]
    var images: Int
    var shape: [Int]
    var thresholds: [Double]
  }

  @Test("receptive-field prints a table or an object, and a picture where one is wanted")
  func receptiveField() throws {
    let folder = try folder()
    let arguments = ["analyze", "receptive-field", "a.yaml", "a.png", "b.png", "--shape", "32", "64"]
    let text = try Command.run(arguments + ["--out", "deep/field.png"], in: folder.path)
    #expect(text.status == 0 && text.errors.isEmpty, "\(text.errors)")
    #expect(text.output.contains("written: deep/field.png"), "\(text.output)")
    #expect(try Image.decode(file: folder.path + "/deep/field.png").height >= 32)
    let json = try Command.run(arguments + ["--json", "--thresholds", "0.5"], in: folder.path)
    let field = try JSONDecoder().decode(Field.self, from: Data(json.output.utf8))
    #expect(field.images == 2 && field.shape == [32, 64] && field.thresholds == [0.5])
    #expect(field.fields.count == 1 && field.fields[0].side["plain"]?.count == 1)
    let same = try Command.run(
      arguments + ["--json", "--thresholds", "0.5", "--threads", "2"], in: folder.path)
    #expect(same.output == json.output)
  }

  @Test("scale gives a row a size, and draws them", arguments: ["svg", "png"])
  func scale(ending: String) throws {
    let folder = try folder()
    let outcome = try Command.run(
      [
        "analyze", "scale", "a.yaml", "--shapes", "32", "32x64", "--rounds", "1", "--out", "plot.\(ending)",
      ], in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.output.contains("32 x 64") && outcome.output.contains("written: plot.\(ending)"),
      "\(outcome.output)")
    #expect(folder.names().contains("plot.\(ending)"))
  }

  @Test("activations writes a picture a stage, of its channels, and of the scans")
  func activations() throws {
    let folder = try folder()
    let outcome = try Command.run(
      [
        "analyze", "activations", "a.yaml", "a.png", "--out-dir", "maps", "--shape", "32", "32", "--channels",
        "4",
      ],
      in: folder.path)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(
      folder.names("maps") == [
        "scan_1.png", "scan_2.png", "stage_1.png", "stage_1_channels.png", "stage_2.png",
        "stage_2_channels.png",
      ], "\(folder.names("maps"))")
    #expect(
      try Image.decode(file: folder.path + "/maps/stage_1.png").size == ImageSize(height: 32, width: 32))
  }

  @Test(
    "wrong usage ends with 2; what cannot be read, or would be written over, with 1",
    arguments: [
      (["receptive-field", "a.yaml"], 2, "<images>"), (["receptive-field", "a.png"], 2, "<config>"),
      (["receptive-field", "a.yaml", "a.png", "--thresholds", "2"], 2, "--thresholds"),
      (["receptive-field", "a.yaml", "a.png", "--shape", "0"], 2, "height and width are wanted"),
      (["receptive-field", "a.yaml", "none.png"], 1, "none.png"),
      (["receptive-field", "a.yaml", "a.png", "--shape", "32", "32", "--out", "a.png"], 1, "an input"),
      (["scale", "a.yaml", "--shapes", "3z"], 2, "'3z' is no size"),
      (["scale", "a.yaml", "--shapes", "32", "--out", "x.pdf"], 2, ".svg or .png"),
      (["scale", "none.yaml", "--shapes", "32"], 1, "none.yaml"),
      (["activations", "a.yaml", "a.png", "b.png", "--out-dir", "o"], 2, "One image is wanted"),
      (["activations", "a.yaml", "a.png", "--out-dir", "o", "--query", "2", "0"], 2, "--query"),
      (["activations", "a.yaml", "a.yaml", "--out-dir", "o", "--shape", "32", "32"], 1, "a.yaml"),
      (["activations", "a.yaml", "a.png", "--out-dir", "a.png", "--shape", "32", "32"], 1, "a.png"),
    ])
  func mistakes(arguments: [String], status: Int32, message: String) throws {
    let folder = try folder()
    let outcome = try Command.run(["analyze"] + arguments, in: folder.path)
    #expect(
      outcome.status == status && outcome.errors.contains(message), "\(outcome.status): \(outcome.errors)")
    #expect(folder.names() == ["a.png", "a.yaml", "b.png"])
  }
}
