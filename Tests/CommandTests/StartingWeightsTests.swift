import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Training, testing and predicting from the weights of other files, by calling the command.
@Suite("starting weights")
struct StartingWeightsTests {
  private let folder: TemporaryFolder
  private let set: GeneratedSet

  init() throws {
    folder = try TemporaryFolder()
    set = try GeneratedSet(in: folder.path + "/set", count: 4, classes: ["disc", "square"])
  }

  private func config(_ name: String = "nuclei_mask-rcnn", classes: String = "[disc]") -> [String] {
    ExampleConfig.detector(set, iterations: 2, checkpoints: 2, config: name, classes: classes)
      // Regions few enough for a quick test.
      + ["model.train_cfg.rpn_proposal.max_per_img=20", "model.test_cfg.rpn.max_per_img=20"]
  }

  /// Trains two iterations.
  private func train(_ config: [String], to name: String) throws -> Command.Outcome {
    try Command.run(["train"] + config + ["--work-dir", "\(folder.path)/\(name)"])
  }

  private func succeed(_ outcome: Command.Outcome) -> String {
    #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output.suffix(1000))")
    return outcome.output
  }

  @Test("a detector of other classes is fine-tuned: the layers that reset names are drawn anew")
  func fineTuning() throws {
    let example = "nuclei_mask-rcnn_finetune"
    // In place of a detector of COCO's 80 classes: one of two.
    _ = succeed(
      try train(config(example, classes: "[disc, square]") + ["model.init_cfg=null"], to: "two"))
    let file = "\(folder.path)/two.pth"
    _ = succeed(try Command.run(["checkpoint", "convert", "\(folder.path)/two/iter_2.safetensors", file]))
    let log = succeed(try train(config(example) + ["model.init_cfg.checkpoint=\(file)"], to: "one"))
    let names = ["bbox_head.fc_cls", "bbox_head.fc_reg", "mask_head.conv_logits"].flatMap { name in
      ["weight", "bias"].map { "roi_head.\(name).\($0)" }
    }
    let count = try Checkpoint(file: file).weights.count
    let line =
      "weights: \(count - 6) of \(count) tensors loaded; initialised: \(names.joined(separator: ", "))"
    #expect(log.contains(line), "\(log.prefix(3000))")
    #expect(log.contains("unused: roi_head.bbox_head.fc_cls.bias") && log.contains("from \(file)"))
    // The run's log has it, too.
    let run = try #require(
      FileManager.default.subpathsOfDirectory(atPath: "\(folder.path)/one").first { $0.hasSuffix(".log") })
    #expect(try String(contentsOfFile: "\(folder.path)/one/\(run)", encoding: .utf8).contains(line))

    for (overrides, expected) in [
      (
        ["model.init_cfg.reset=[roi_head.mask_head]"],
        "mis-shaped  roi_head.bbox_head.fc_cls.weight [2, 32]  roi_head.bbox_head.fc_cls.weight [3, 32]"
      ),
      (
        ["model.init_cfg.reset=[roi_head.bbox_head.fc_clss]"],
        "model.init_cfg.reset.0: no weight is named 'roi_head.bbox_head.fc_clss'"
      ),
      (["model.init_cfg.reset=[]", "model.init_cfg.prefix=model"], "has no tensors below 'model'"),
      (["model.init_cfg.reste=[a]"], "model.init_cfg.reste: unknown key 'reste'"),
      (["model.init_cfg.type=Xavier"], "'Xavier' is not known"),
      (["model.init_cfg.checkpoint=https://example.org/a.pth"], "is an address, not a file"),
      (["model.init_cfg.checkpoint=no.pth"], "no.pth: cannot be read: no such file"),
      (["model.neck.init_cfg={type: Pretrained, checkpoint: \(file)}"], "Set prefix: neck"),
    ] {
      let outcome = try train(config(example) + ["model.init_cfg.checkpoint=\(file)"] + overrides, to: "no")
      #expect(outcome.status == 1 && outcome.errors.contains(expected), "\(overrides): \(outcome.errors)")
    }
  }

  @Test("a classifier's file starts the backbone, by pretrained and by init_cfg")
  func backbone() throws {
    _ = succeed(try train(config(), to: "source"))
    let source = try Checkpoint(file: "\(folder.path)/source/iter_2.safetensors").weights
    var weights: [String: StoredTensor] = [:]
    for (name, tensor) in source where name.hasPrefix("backbone.") && !name.contains("outnorm") {
      weights[String(name.dropFirst("backbone.".count))] = tensor
    }
    let count = weights.count
    weights["classifier.head.bias"] = StoredTensor(Tensor([1, 2], shape: [2]))
    let file = "\(folder.path)/classifier.pth"
    try PyTorchWriter.write(weights, to: file)
    let whole = "\(folder.path)/whole.pth"
    try PyTorchWriter.write(
      weights.reduce(into: [:]) { $0["net.\($1.key)"] = $1.value }, to: whole)
    let expected =
      "weights: backbone: \(count) of \(count + 8) tensors loaded; initialised: outnorm0.weight, outnorm0.bias, "
    for (name, overrides) in [
      ("a", ["model.backbone.pretrained=\(file)"]),
      ("b", ["model.backbone.init_cfg={type: Pretrained, checkpoint: \(file)}"]),
      ("c", ["model.backbone.init_cfg={type: Pretrained, checkpoint: \(whole), prefix: net}"]),
    ] {
      let log = succeed(try train(config() + overrides, to: name))
      #expect(log.contains(expected), "\(overrides): \(log.prefix(3000))")
      #expect(log.contains("; unused: classifier.head.bias from "))
    }
    let outcome = try train(config() + ["model.init_cfg={type: Pretrained, checkpoint: \(file)}"], to: "d")
    #expect(outcome.status == 1 && outcome.errors.contains("0 tensors match"), "\(outcome.errors)")
    weights["patch_embed.0.bias"] = nil
    try PyTorchWriter.write(weights, to: file)
    let pretrained = config() + ["model.backbone.pretrained=\(file)"]
    let lacking = try train(pretrained, to: "e")
    #expect(
      lacking.status == 1 && lacking.errors.contains("missing     patch_embed.0.bias [8]"),
      "\(lacking.errors)")
    let allowed = try Command.run(
      ["train"] + pretrained
        + ["--work-dir", "\(folder.path)/f", "--allow-missing", "backbone.patch_embed.0.bias"])
    #expect(succeed(allowed).contains("initialised: patch_embed.0.bias, outnorm0.weight"))
  }

  @Test("test, predict and load_from read a .pth as they read safetensors")
  func pth() throws {
    _ = succeed(try train(config(), to: "run"))
    let (tensors, pth) = ("\(folder.path)/run/iter_2.safetensors", "\(folder.path)/run.pth")
    _ = succeed(try Command.run(["checkpoint", "convert", tensors, pth]))
    let config = config()
    func metrics(_ file: String) throws -> String {
      let output = succeed(try Command.run(["test", config[0], file] + config.dropFirst() + ["--json"]))
      struct Report: Decodable {
        struct Figures: Decodable { var stats: [Double] }
        var metrics: [String: Figures]
      }
      let report = try JSONDecoder().decode(Report.self, from: Data(output.utf8))
      return report.metrics.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.stats)" }.joined()
    }
    #expect(try metrics(pth) == metrics(tensors))
    func prediction(_ file: String) throws -> String {
      let image = "\(set.folder)/images/validation/picture1.png"
      return succeed(
        try Command.run(
          ["predict", config[0], file, image] + config.dropFirst() + ["--score-thr", "0", "--json"]))
    }
    #expect(try prediction(pth) == prediction(tensors))
    let count = try Checkpoint(file: pth).weights.count
    let log = succeed(try train(config + ["load_from=\(pth)"], to: "loaded"))
    #expect(log.contains("weights: \(count) of \(count) tensors loaded from \(pth)"), "\(log.prefix(2000))")
    // Here every key has to match.
    let wider = try train(
      config + ["load_from=\(pth)", "model.roi_head.bbox_head.fc_out_channels=16"], to: "wider")
    #expect(
      wider.status == 1 && wider.errors.contains("does not fit the model")
        && wider.errors.contains("mis-shaped  roi_head.bbox_head.fc_cls.weight [2, 16]"), "\(wider.errors)")
  }

  @Test("weights for COCO's classes that name none predict COCO's names; others ask for theirs")
  func unnamedClasses() throws {
    for (count, expected) in [(80, "taken for those of COCO"), (2, "does not name its classes either")] {
      let names = (0..<count).map { "c\($0)" }
      let own = try GeneratedSet(in: "\(folder.path)/set\(count)", count: 2, classes: names)
      let config = ExampleConfig.detector(
        own, iterations: 1, checkpoints: 1, classes: "[\(names.joined(separator: ","))]")
      _ = succeed(try train(config, to: "run\(count)"))
      let bare = "\(folder.path)/bare\(count).safetensors"
      let weights = try Checkpoint(file: "\(folder.path)/run\(count)/iter_1.safetensors").weights
      try Safetensors(weights, metadata: [:]).write(to: bare)
      let unnamed =
        config.filter { !$0.contains("metainfo.classes=") } + [
          "train_dataloader.dataset.metainfo=null", "val_dataloader.dataset.metainfo=null",
        ]
      let outcome = try Command.run(
        ["predict", config[0], bare, "\(own.folder)/images/validation/picture1.png"] + unnamed.dropFirst()
          + ["--score-thr", "0", "--json"])
      #expect(outcome.status == (count == 80 ? 0 : 1), "\(outcome.errors)")
      #expect(outcome.errors.contains(expected), "\(outcome.errors)")
      #expect(!outcome.output.contains(#""c0""#))
    }
  }
}
