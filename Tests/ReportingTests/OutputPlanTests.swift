import Foundation
import Reporting
import TestSupport
import Testing

@Suite("output plans")
struct OutputPlanTests {
  @Test(
    "results are named after their inputs, and never two alike",
    arguments: [
      (["a/x.jpg"], ["x"]), (["a/x.jpg", "b/y.jpg"], ["x", "y"]), (["a/1.png", "b/1.png"], ["a/1", "b/1"]),
      (["s/a/1.png", "s/b/1.png", "s/2.png"], ["a/1", "b/1", "2"]), (["a/x.jpg", "./a//x.jpg"], ["x", "x"]),
      (["a/x.jpg", "a/x.png", "a/y.png"], ["x.jpg", "x.png", "y"]),
      (["a/x.png", "a/x_labels.png"], ["x.png", "x_labels.png"]),
      (["a/x.jpg", "a/x.png", "a/x.jpg.png"], ["x.jpg", "x.png", "x.jpg.png"]),
      (["link/x.jpg", "a/x.jpg"], ["x", "x"]), (["a/x", "a/.x"], ["x", ".x"]),
    ])
  func names(inputs: [String], expected: [String]) throws {
    let folder = try TemporaryFolder(["a/x.jpg": "", "b/y.jpg": "", "s/a/1": "", "s/b/1": ""])
    symlink("a", folder.path + "/link")
    let paths = inputs.map { "\(folder.path)/\($0)" }
    let names = OutputNames(paths, endings: [".png", "_labels.png"])
    if inputs.last == "a/x.jpg.png" {
      // Whoever had the name of another's result gives way, too.
      #expect(Set(names.names).count == 3)
    } else {
      #expect(names.names == expected)
    }
    #expect(names.isNew.count { $0 } == Set(expected).count)
  }

  @Test("folders are kept on request, as a data set's label maps have them")
  func keepsFolders() {
    let inputs = ["/d/img/a/1.png", "/d/img/b/2.png"]
    #expect(OutputNames(inputs, endings: [".png"], keepingFolders: true).names == ["a/1", "b/2"])
    #expect(OutputNames([inputs[0]], endings: [".png"], keepingFolders: true).names == ["1"])
    #expect(OutputNames([], endings: [".png"]).names.isEmpty)
  }

  /// A folder of images, one of label maps, links to them, and the plan that keeps them.
  private func kept() throws -> (TemporaryFolder, OutputPlan) {
    let folder = try TemporaryFolder([
      "img/x.png": "", "img/y.jpg": "", "maps/deep/x.png": "", "ann.bbox.json": "", "out/x.png": "old",
    ])
    symlink("img", folder.path + "/link")
    link("\(folder.path)/img/x.png", "\(folder.path)/out/hard.png")
    var plan = OutputPlan()
    for name in ["x.png", "y.jpg"] { plan.keep("\(folder.path)/img/\(name)", as: "an input") }
    plan.keep("\(folder.path)/ann.bbox.json", as: "an annotation file")
    plan.keep("\(folder.path)/none.json", as: "an annotation file")
    plan.keep(folder: "\(folder.path)/maps")
    return (folder, plan)
  }

  @Test(
    "nothing is written over what is kept, whatever its spelling",
    arguments: [
      ("img/x.png", "an input"), ("link/x.png", "an input"), ("out/../img/./x.png", "an input"),
      ("out/hard.png", "an input"), ("ann.bbox.json", "an annotation file"),
      ("maps/deep/x.png", "there already, in a folder of the data set"), ("img/y.png", nil),
      ("out/x.png", nil),
      ("maps/deep/new.png", nil), ("none.json", nil),
    ] as [(String, String?)])
  func refuses(output: String, role: String?) throws {
    var (folder, plan) = try kept()
    let path = "\(folder.path)/\(output)"
    guard let role else { return try plan.claim(path, for: "--out-dir o", of: "a") }
    let error = #expect(throws: OutputError.self) { try plan.claim(path, for: "--out-dir o", of: "a") }
    let message = error?.description ?? ""
    #expect(
      message.hasPrefix("--out-dir o: \(path) is \(role)") && message.hasSuffix("; name another folder"))
  }

  @Test("no two results go into one file, under whatever spelling")
  func twice() throws {
    var (folder, plan) = try kept()
    try plan.claim("\(folder.path)/link/new.png", for: "--out o", of: "a")
    let error = #expect(throws: OutputError.self) {
      try plan.claim("\(folder.path)/img/new.png", for: "--show-dir o", of: "b")
    }
    #expect(error?.role == "also the result of a")
  }

  @Test("a folder is made, and its files are looked at before the first is written")
  func folders() throws {
    var (folder, plan) = try kept()
    let inputs = ["x.png", "y.jpg"].map { "\(folder.path)/img/\($0)" }
    let names = OutputNames(inputs, endings: [".png"])
    try plan.claim(
      folder: "\(folder.path)/new/o", for: "--out-dir", results: names, of: inputs)
    #expect(folder.names("new") == ["o"])
    #expect(throws: OutputError.self) {
      try plan.claim(
        folder: "\(folder.path)/other/../link", for: "--out-dir", results: names, of: inputs)
    }
    let error = #expect(throws: (any Error).self) {
      try plan.claim(
        folder: inputs[0], for: "--out-dir", results: names, of: inputs)
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("x.png: cannot be made: it is a file, not a folder"))
  }
}
