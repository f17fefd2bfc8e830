import Foundation
import TestSupport
import Testing

@Suite("mistakes")
struct MistakeTests {
  @Test(
    "give one message and the right status",
    arguments: [
      (["train", "nothing.yaml"], 1, "nothing.yaml: cannot be read"),
      (["train", "config.py"], 1, "Python configs are not read"),
      (["train"], 2, "Missing expected argument"),
      (["evaluate", "coco", "--annotations", "no.json", "--results", "no.json"], 1, "no.json"),
      (
        ["evaluate", "segmentation", "--annotations", "no", "--predictions", "no", "--num-classes", "2"], 1,
        "no: no such folder"
      ),
      (
        ["evaluate", "segmentation", "--annotations", "no", "--predictions", "no", "--num-classes", "0"], 2,
        "--num-classes"
      ),
      (["benchmark", "ops", "--rounds", "0"], 2, "--rounds"),
      (["benchmark", "scan", "--shape", "224"], 2, "--shape takes a height and a width, each in 32...16384"),
      (["benchmark", "scan", "--states", "65"], 2, "--states must be in 1...64"),
      (["predict", "a.yaml", "a.safetensors", "a.png", "--json", "--tile", "0"], 2, "--tile must be in"),
      (["predict", "a.yaml", "a.safetensors", "a.png", "--json", "--overlap", "0.1"], 2, "give --tile too"),
      (
        ["predict", "a.yaml", "a.safetensors", "a.png", "--json", "--tile", "64", "--overlap", "1"], 2,
        "--overlap must be in"
      ),
      (["verify", "no"], 1, "no: no such folder"),
      (["config", "print", "no.yaml"], 1, "no.yaml: cannot be read"),
      (["predict", "no.yaml", "no.safetensors", "a.png"], 1, "no.yaml: cannot be read"),
      (["nonsense"], 2, "nonsense"),
    ] as [([String], Int32, String)])
  func messages(arguments: [String], status: Int32, expected: String) throws {
    let outcome = try Command.run(arguments)
    #expect(outcome.status == status, "\(outcome.status): \(outcome.errors)")
    #expect(outcome.errors.contains(expected), "\(outcome.errors)")
  }

  @Test(
    "a word that is no command or option gets the nearest names, also where help is asked for or something is missing",
    arguments: [
      ("trian", "'trian'. Did you mean 'train'?", "dense <subcommand>"),
      (
        "analyze reseptive-field a.png", "'reseptive-field'. Did you mean 'receptive-field'?", "dense analyze"
      ),
      ("checkpoint dif a b", "Did you mean 'diff'?", "dense checkpoint"),
      ("data synth", "Did you mean 'synthesize'?", "dense data"),
      ("evaluate zzzzzz", "The commands are coco, segmentation.", "dense evaluate"),
      ("trian --help", "Did you mean 'train'?", "dense <subcommand>"),
      ("help trian", "Did you mean 'train'?", "dense <subcommand>"),
      ("help data chekc", "Did you mean 'check'?", "dense data"),
      ("analyze complexity a.yaml --shap 3", "'--shap'. Did you mean '--shape'?", "dense analyze complexity"),
      ("predict a.safetensors --scorethr 3", "'--scorethr'. Did you mean '--score-thr'?", "dense predict"),
      ("evaluate coco --annotation a --results b", "Did you mean '--annotations'?", "dense evaluate coco"),
      ("train a.yaml -work-dir=b", "'-work-dir'. Did you mean '--work-dir'?", "dense train"),
      ("train a.yaml --cfg x=1", "'--cfg'. Did you mean '--cfg-options'?", "dense train"),
      ("train --verzion", "'--verzion'. Did you mean '--version'?", "dense train"),
      ("train a.yaml --zzzzzz", "Unknown option '--zzzzzz'.", "dense train"),
      ("train a.yaml --seed --thread 2", "The value '--thread' is invalid", "dense train"),
      ("train a.yaml --threads -1", "--threads must be 0 (one a core) or more", "dense train"),
      ("train -- --threat", "cannot be read", ""),
    ])
  func misspelt(line: String, message: String, usage: String) throws {
    let outcome = try Command.run(line.split(separator: " ").map(String.init))
    #expect(outcome.status == (usage.isEmpty ? 1 : 2), "\(outcome.errors)")
    #expect(outcome.output.isEmpty && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(usage.isEmpty || outcome.errors.contains("\nUsage: \(usage)"), "\(outcome.errors)")
  }

  @Test("an unknown key names its place and the nearest name; with --json also as an object")
  func unknownKey() throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/a.yaml"
    try "model: {type: MaskRCNN}\ntrain_dataloadr: {}\n".write(
      toFile: file, atomically: false, encoding: .utf8)
    let outcome = try Command.run(["test", file, "x.safetensors", "--json"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("a.yaml:2:1: train_dataloadr: unknown key 'train_dataloadr'"))
    #expect(outcome.errors.contains("Did you mean 'train_dataloader'"))
    #expect(outcome.output.contains(#""line":2"#) && outcome.output.contains(#""key":"train_dataloadr""#))
  }
}
