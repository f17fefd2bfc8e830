import Foundation
import Imaging
import TestSupport
import Testing

@Suite("dense data split and sample")
struct DataSplitTests {
  private func split(_ folder: TemporaryFolder, _ arguments: String...) throws -> Command.Outcome {
    try Command.run(["data", "split"] + arguments, in: folder.path)
  }

  @Test("split writes annotation files and lists, a table, and YAML that training reads")
  func splits() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 8)
    let file = "set/annotations/instances_train.json"
    let outcome = try split(folder, file, "--val", "0.25", "--seed", "3", "--stratify", "--out", "new")
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(outcome.output.contains("images     8      6  75.0 %    2  25.0 %"), "\(outcome.output)")
    #expect(outcome.output.contains("data_prefix: {img: \"set/images/training\"}"))
    #expect(
      folder.names("new") == ["instances_train.json", "instances_val.json", "train.txt", "val.txt"])
    let config = ExampleConfig.detector(set, iterations: 1, checkpoints: 1)
    let training = try Command.run(
      ["train"] + config + [
        "train_dataloader.dataset.ann_file=\(folder.path)/new/instances_train.json",
        "val_dataloader.dataset.ann_file=\(folder.path)/new/instances_val.json",
        "val_dataloader.dataset.data_prefix.img=images/training/",
      ] + ["--dry-run", "--work-dir", folder.path + "/run"])
    #expect(training.status == 0, "\(training.errors)")
    let again = try split(folder, file, "--val", "0.25", "--out", "new")
    #expect(again.status == 1 && again.errors.contains("is there already"), "\(again.errors)")
    let json = try split(folder, file, "--val", "0.25", "--out", "new", "--force", "--json")
    #expect(json.status == 0 && json.output.contains("\"images\":6"), "\(json.output)")
  }

  @Test("inputs stay, even by --force, and a folder that is full leaves the old files whole")
  func keeps() throws {
    let folder = try TemporaryFolder()
    _ = try GeneratedSet(in: folder.path + "/set", count: 4)
    let text = try folder.text("set/annotations/instances_train.json")
    let own = try split(
      folder, "set/annotations/instances_train.json", "--out", "set/annotations", "--force")
    #expect(own.status == 1 && own.errors.contains("an input"), "\(own.errors)")
    #expect(try folder.text("set/annotations/instances_train.json") == text)
    #expect(folder.names("set/annotations") == ["instances_train.json", "instances_val.json"])
    let first = try split(folder, "set/annotations/instances_train.json", "--out", "new")
    #expect(first.status == 0, "\(first.errors)")
    let before = try folder.names("new").map { try folder.text("new/\($0)") }
    // A limit of 512 bytes a file is as good as a full disk: the lists would fit, annotation files do not.
    let full = try Command.run(
      ["data", "split", "set/annotations/instances_train.json", "--out", "new", "--seed", "9", "--force"],
      in: folder.path, limit: "-f 1")
    #expect(full.status == 1 && full.errors.contains("cannot be written"), "\(full.errors)")
    #expect(try folder.names("new").map { try folder.text("new/\($0)") } == before)
  }

  @Test(
    "wrong usage ends with 2 and says what would be right",
    arguments: [
      (["x.json", "--out", "o", "--ratio", "0.8,0.3"], "sum to 1.1, not to 1"),
      (["x.json", "--out", "o", "--ratio", "a,b"], "numbers between commas"),
      (["x.json", "--out", "o", "--ratio", "0.8,0.2", "--val", "0.2"], "leave --val and --test out"),
      (["x.json", "--out", "o", "--val", "1"], "between 0 and 1"),
      (["x.json", "--out", "o", "--val", "-0.1"], "--val"),
      (["x.json", "--out", "o", "--group-by", "a", "--group-prefix", "_"], "exclude each other"),
      (["x.json", "--out", "o", "--group-regex", "("], "no regular expression"),
      (["x.json", "--out", ""], "--out: an empty name"),
      (["a", "b", "c", "--out", "o"], "Unexpected argument 'c'"),
      (["x.json"], "--out"),
    ])
  func usage(arguments: [String], message: String) throws {
    let outcome = try Command.run(["data", "split"] + arguments)
    #expect(outcome.status == 2 && outcome.errors.contains(message), "\(outcome.errors)")
  }

  @Test("a sample of a config is trained with that config and data_root", arguments: [true, false])
  func samples(isDetector: Bool) throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 6)
    let config =
      isDetector
      ? ExampleConfig.detector(set, iterations: 1, checkpoints: 1)
      : ExampleConfig.segmentor(set, iterations: 1, checkpoints: 1)
    let small = folder.path + "/small"
    let sampling =
      ["data", "sample", config[0], "--images", "3", "--out", small] + config.dropFirst()
    let outcome = try Command.run(sampling)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("train       3   6"), "\(outcome.output)")
    #expect(outcome.output.contains("--cfg-options data_root=\(small)"))
    #expect(folder.names("small/images/training").count == 3)
    let training = try Command.run(
      ["train"] + config + ["data_root=\(small)", "--dry-run", "--work-dir", folder.path + "/run"])
    #expect(training.status == 0, "\(training.errors)")
    let check = try Command.run(["data", "check"] + config + ["data_root=\(small)"])
    #expect(check.status == 0 && check.output.hasPrefix("6 images"), "\(check.output)")
    let own = try Command.run(
      ["data", "sample", config[0], "--images", "3", "--out", set.folder, "--force"] + config.dropFirst())
    #expect(own.status == 1, "\(own.output)")
    #expect(folder.names("set/images/training").count == 6)
    let again = try Command.run(sampling)
    #expect(again.status == 1 && again.errors.contains("is there already"), "\(again.errors)")
    let links = try Command.run(sampling + ["--link", "--force"])
    let more = try Command.run(sampling + ["--link", "--force"])
    #expect(links.status == 0 && more.status == 0, "\(links.errors)\(more.errors)")
  }

  @Test("sample: wrong usage ends with 2, other faults with 1 and a message")
  func mistakes() throws {
    let folder = try TemporaryFolder(["empty.json": "{\"images\": []}", "x.txt": "hello"])
    for (arguments, status, message) in [
      (["x.json", "--out", "o", "--images", "0"], 2, "--images must be 1 or more"),
      (["x.json", "--out", "o"], 2, "--images"),
      (["x.json", "--out", "o", "--images", "2", "--cfg-options", "a=b"], 2, "there is no config"),
      (["empty.json", "--out", "o", "--images", "2", "--data-prefix", "."], 1, "lists no images"),
      (["x.txt", "--out", "o", "--images", "2"], 1, "x.txt"),
      (["none", "--out", "o", "--images", "2"], 1, "none"),
    ] {
      let outcome = try Command.run(["data", "sample"] + arguments, in: folder.path)
      #expect(Int(outcome.status) == status && outcome.errors.contains(message), "\(outcome.errors)")
    }
  }
}
