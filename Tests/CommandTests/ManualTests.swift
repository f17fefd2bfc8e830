import Foundation
import TestSupport
import Testing

@Suite("the manual")
struct ManualTests {
  @Test("has a page for each command, with its options, and nothing in it is an instruction by accident")
  func pages() throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(["manual", "--out-dir", folder.path, "--date", "2026-01-31"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let names = folder.names()
    let wanted = [
      "dense.1", "dense-train.1", "dense-data.1", "dense-data-convert.1", "dense-evaluate-coco.1",
    ]
    #expect(wanted.allSatisfy(names.contains) && !names.contains("dense-manual.1"), "\(names)")
    let train = try folder.text("dense-train.1")
    #expect(train.hasPrefix(".TH \"DENSE-TRAIN\" 1 \"2026-01-31\" \"dense "))
    #expect(train.contains("\ndense\\-train \\- Train the model of a config\n"))
    #expect(train.contains("[\\fB\\-\\-work\\-dir\\fR \\fIwork\\-dir\\fR]"))
    #expect(train.contains("\\fBdense\\fR(1)"))
    let macros = ["TH", "SH", "TP", "PP", "sp"]
    for name in names {
      for line in try folder.text(name).split(separator: "\n")
      where line.hasPrefix(".") || line.hasPrefix("'") {
        #expect(macros.contains(String(line.dropFirst().prefix(2))), "\(name): \(line)")
      }
    }
  }

  @Test("configs that are installed beside the command are found from any folder; one's own come first")
  func installedConfigs() throws {
    let folder = try TemporaryFolder([
      "share/dense/configs/a.yaml": "_base_: base.yaml\nx: 1", "share/dense/configs/base.yaml": "y: 2",
      "own/b.yaml": "_base_: configs/a.yaml\nz: 3", "other/configs/a.yaml": "x: 4",
    ])
    try FileManager.default.createDirectory(atPath: folder.path + "/bin", withIntermediateDirectories: true)
    let program = URL(fileURLWithPath: folder.path + "/bin/dense")
    try FileManager.default.copyItem(at: Command.executable.resolvingSymlinksInPath(), to: program)
    func print(_ config: String, in place: String) throws -> String {
      let outcome = try Command.run(
        ["config", "print", config], of: program, in: "\(folder.path)/\(place)")
      return outcome.status == 0 ? outcome.output : outcome.errors
    }
    #expect(try print("configs/a.yaml", in: "own") == "y: 2\nx: 1\n")
    #expect(try print("b.yaml", in: "own") == "y: 2\nx: 1\nz: 3\n")
    #expect(try print("configs/a.yaml", in: "other") == "x: 4\n")
    #expect(try print("configs/no.yaml", in: "own").contains("configs/no.yaml: cannot be read"))
    #expect(try print("./configs/../../a.yaml", in: "own").contains("cannot be read"))
  }
}
