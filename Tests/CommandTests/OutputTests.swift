import Foundation
import Imaging
import TestSupport
import Testing

@Suite("output")
struct OutputTests {
  private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Golden/ckpt").path
  private static let commands = [
    ["--help"], ["help", "train"], ["--generate-completion-script", "bash"],
    ["config", "print", "\(ExampleConfig.folder)/nuclei_upernet.yaml"],
    ["checkpoint", "inspect", "\(golden)/odd_zip.pth"],
    ["checkpoint", "inspect", "\(golden)/odd_zip.pth", "--json"],
    ["config", "components", "--kind", "backbone"], ["config", "components", "--json"],
  ]

  @Test(
    "a standard output that is full or closed ends with status 1 and one sentence",
    arguments: commands, [(">/dev/full", "the disk is full"), (">&-", "it is closed")])
  func cannotBeWritten(arguments: [String], redirection: (String, String)) throws {
    let outcome = try Command.run(arguments, redirection: redirection.0)
    #expect(outcome.status == 1)
    #expect(outcome.errors == "error: standard output cannot be written: \(redirection.1)\n")
  }

  @Test("a reader that has enough ends the command without a word")
  func closedPipe() throws {
    let outcome = try Command.run(["config", "components"], redirection: "| true")
    #expect(outcome.status == 1 && outcome.errors.isEmpty, "\(outcome.status) \(outcome.errors)")
  }

  @Test(
    "errors on a standard error that is full or closed keep their status", arguments: ["2>/dev/full", "2>&-"])
  func errors(redirection: String) throws {
    #expect(try Command.run(["config", "print", "no.yaml"], redirection: redirection).status == 1)
    #expect(try Command.run(["nonsense"], redirection: redirection).status == 2)
    #expect(try Command.run(["config", "print", "no.yaml"], redirection: redirection + " >&-").status == 1)
  }

  @Test("an argument that is not UTF-8 is wrong usage, and nothing is made of it")
  func bytes() throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(
      ["data", "synthesize", "reef", "--images", "7", "--out"], in: folder.path, redirection: #"$'a\xff'"#)
    #expect(outcome.status == 2 && outcome.errors.contains("Argument 7 is not UTF-8"), "\(outcome.errors)")
    #expect(folder.names().isEmpty)
  }

  @Test(
    "wrong usage is status 2, before anything is loaded",
    arguments: [
      (["test", "CONFIG", "no.pth", "--out", "x.json"], "give a folder for label maps"),
      (["test", "DETECTOR", "no.pth", "--out", "x"], "give a name that ends in .json"),
      (["verify", golden, "--filter", "nothing"], "matches nothing"),
      (["benchmark", "ops", "--threads", "-1"], "--threads must be 0 (one a core) or more"),
      (["data", "synthesize", "reef", "--out", "x", "--images", "-1"], "--images must be in"),
      (["data", "browse", "CONFIG", "--out-dir", "x", "--number", "-1"], "--number must be 1 or more"),
      (["checkpoint", "convert", "no.pth", "x.onnx"], ".safetensors, .pth or .pt"),
      (["config", "components", "--kind", "nonsense"], "there are: backbone"),
      (["train", "CONFIG", "--work-dir", ""], "--work-dir: an empty name"),
      (["train", "CONFIG", "--resume", ""], "--resume: an empty name"),
      (["test", "CONFIG", "no.pth", "--out", ""], "--out: an empty name"),
      (["test", "CONFIG", "no.pth", "--show-dir", ""], "--show-dir: an empty name"),
      (["predict", "CONFIG", "no.pth", "a.png", "--out-dir", ""], "--out-dir: an empty name"),
      (["data", "browse", "CONFIG", "--out-dir", ""], "--out-dir: an empty name"),
      (
        ["data", "synthesize", "reef", "--out", "x", "--contact-sheet", ""], "--contact-sheet: an empty name"
      ),
      (["train", "CONFIG", "--cfg-options", "seed"], "--cfg-options[1] 'seed':5: no '='"),
      (["data", "check", "CONFIG", "--cfg-options", "a=1", "a..b=1"], "an empty step in the key"),
    ])
  func usage(arguments: [String], expected: String) throws {
    let folder = try TemporaryFolder()
    let arguments = arguments.map {
      switch $0 {
      case "CONFIG": "\(ExampleConfig.folder)/nuclei_upernet.yaml"
      case "DETECTOR": "\(ExampleConfig.folder)/nuclei_mask-rcnn.yaml"
      default: $0
      }
    }
    let outcome = try Command.run(arguments, in: folder.path)
    #expect(outcome.status == 2 && outcome.errors.contains(expected), "\(outcome.status) \(outcome.errors)")
    #expect(folder.names().isEmpty)
  }

  @Test("a stack that is too small is told, and no trap")
  func stack() throws {
    let outcome = try Command.run(["config", "components"], limit: "-s 64")
    #expect(outcome.status == 1)
    #expect(outcome.errors == "error: the stack may have 64 KB (ulimit -s), and 256 KB are needed\n")
  }

  @Test("label maps in subfolders are evaluated, as a data set has them")
  func subfolders() throws {
    let folder = try TemporaryFolder()
    let map = LabelMap(height: 2, width: 2, pixels: [0, 1, 1, 0])
    for name in ["truth/a/1.png", "truth/b/1.png", "found/a/1.png"] {
      try folder.write(try map.encodedPNG(), as: name)
    }
    let arguments = [
      "evaluate", "segmentation", "--annotations", "truth", "--predictions", "found", "--num-classes", "2",
      "--json",
    ]
    let missing = try Command.run(arguments, in: folder.path)
    #expect(missing.status == 1 && missing.errors.contains("1 of 2 predictions are missing: b/1.png"))
    try folder.write(try map.encodedPNG(), as: "found/b/1.png")
    let outcome = try Command.run(arguments, in: folder.path)
    #expect(outcome.status == 0 && outcome.output.contains(#""mIoU":1"#), "\(outcome.errors)")
  }
}

@Suite("overwriting")
struct OverwritingTests {
  @Test("inputs, data sets and other results are never written over; what cannot be written is told before")
  func refuses() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 2)
    let config = ExampleConfig.segmentor(set, iterations: 1, checkpoints: 1)
    let trained = try Command.run(["train"] + config + ["--work-dir", "\(folder.path)/run", "--quiet"])
    #expect(trained.status == 0, "\(trained.errors)")
    let weights = "\(folder.path)/run/iter_1.safetensors"
    let images = "\(set.folder)/images/validation"
    func call(_ name: String, _ inputs: [String] = [], _ more: [String]) throws -> Command.Outcome {
      try Command.run([name, config[0], weights] + inputs + config.dropFirst() + more)
    }
    let before = try (1...2).map { try Data(contentsOf: URL(fileURLWithPath: "\(images)/picture\($0).png")) }
    let input = "\(images)/picture1.png"
    let link = folder.path + "/link"
    symlink(images, link)
    try folder.write([], as: "file")
    for (outcome, expected) in [
      (try call("predict", [input], ["--out-dir", images]), "picture1.png is an input; name another folder"),
      (try call("predict", [input], ["--out-dir", link]), "picture1.png is an input"),
      (try call("test", [], ["--show-dir", images]), "picture1.png is an image of the data set"),
      (
        try call("test", [], ["--out", "\(set.folder)/semantic/validation"]), "is a label map of the data set"
      ),
      (try call("test", [], ["--out", "\(set.folder)/semantic/training"]), "in a folder of the data set"),
      (
        try call("test", [], ["--out", "\(folder.path)/o", "--show-dir", "\(folder.path)/./o"]),
        "is also the result of"
      ),
      (
        try call("predict", [input], ["--out-dir", "\(folder.path)/file"]),
        "file: cannot be made: it is a file"
      ),
      (try call("test", [], ["--show-dir", "\(folder.path)/file/x"]), "file/x: cannot be made: "),
    ] {
      #expect(outcome.status == 1 && outcome.errors.contains(expected), "\(outcome.status) \(outcome.errors)")
    }
    let after = try (1...2).map { try Data(contentsOf: URL(fileURLWithPath: "\(images)/picture\($0).png")) }
    #expect(before == after)
    // Two inputs of one name are two results, one given twice is one.
    let other = "\(set.folder)/images/training/picture1.png"
    let out = "\(folder.path)/out"
    let two = try call("predict", [input, other, "\(images)/./picture1.png"], ["--out-dir", out])
    #expect(two.status == 0, "\(two.errors)")
    #expect(folder.names("out") == ["training", "validation"])
    #expect(folder.names("out/training") == ["picture1.png", "picture1_labels.png"])
    // The same again: results may be replaced.
    #expect(try call("test", [], ["--out", out]).status == 0)
    #expect(try call("test", [], ["--out", out]).status == 0)
  }
  @Test("nor are a checkpoint that is called as a result is, and label maps beside the annotations")
  func unnamed() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 1)
    let config = ExampleConfig.detector(set, iterations: 1, checkpoints: 1)
    let trained = try Command.run(["train"] + config + ["--work-dir", "\(folder.path)/run", "--quiet"])
    #expect(trained.status == 0, "\(trained.errors)")
    let weights = "\(folder.path)/x.bbox.json"
    try FileManager.default.copyItem(atPath: "\(folder.path)/run/iter_1.safetensors", toPath: weights)
    try folder.write(Array("old".utf8), as: "set/annotations/validation/picture1.png")
    let image = "\(set.folder)/images/validation/picture1.png"
    let maps = "\(set.folder)/annotations/validation"
    for (name, inputs, more, expected) in [
      ("test", [], ["--out", "\(folder.path)/x.json"], "x.bbox.json is the checkpoint; name another file"),
      ("test", [], ["--show-dir", maps], "in a folder of the data set"),
      ("predict", [image], ["--out-dir", maps], "in a folder of the data set"),
    ] {
      let outcome = try Command.run([name, config[0], weights] + inputs + config.dropFirst() + more)
      #expect(outcome.status == 1 && outcome.errors.contains(expected), "\(outcome.status) \(outcome.errors)")
    }
    #expect(try folder.text("set/annotations/validation/picture1.png") == "old")
  }

  @Test(
    "nor is a file of a Reef by its contact sheet",
    arguments: [
      "reef/images/training/reef_000001.jpg", "reef/annotations/instances_val.json", "reef/reef.json",
      "reef/labels.txt", "reef/images",
    ])
  func contactSheet(file: String) throws {
    let folder = try TemporaryFolder()
    let reef = ["data", "synthesize", "reef", "--out", "reef", "--images", "14", "--size", "64x64"]
    // Before the folder is there, and after.
    for _ in 1...2 {
      let outcome = try Command.run(reef + ["--contact-sheet", file], in: folder.path)
      #expect(outcome.status == 1 && outcome.errors.contains("name another file"), "\(outcome.errors)")
      let again = try Command.run(reef + ["--contact-sheet", "reef/sheet.jpg"], in: folder.path)
      #expect(again.status == 0 && again.output.hasPrefix("already there"), "\(again.errors)")
    }
  }
}
