import Foundation
import TestSupport
import Testing

/// Train, test, predict and evaluate on a generated set, by calling the command.
@Suite("the whole path")
struct WholePathTests {
  enum Task: String, CaseIterable, CustomTestStringConvertible {
    case detector, segmentor
    var testDescription: String { rawValue }

    func config(_ set: GeneratedSet, iterations: Int = 20, checkpoints: Int = 10) -> [String] {
      switch self {
      case .detector: ExampleConfig.detector(set, iterations: iterations, checkpoints: checkpoints)
      case .segmentor: ExampleConfig.segmentor(set, iterations: iterations, checkpoints: checkpoints)
      }
    }
  }

  private func succeed(_ arguments: [String]) throws -> String {
    let outcome = try Command.run(arguments)
    #expect(outcome.status == 0, "\(arguments.prefix(2)): \(outcome.errors)\(outcome.output.suffix(2000))")
    return outcome.output
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test(
    "twenty steps give the same bits with 1 and 2 threads, and as ten, stop, resume, ten",
    arguments: Task.allCases)
  func sameBits(task: Task) throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 8)
    let config = task.config(set)
    func train(_ name: String, _ more: [String]) throws -> Data {
      _ = try succeed(["train"] + config + ["--work-dir", "\(folder.path)/\(name)", "--quiet"] + more)
      return try bytes("\(folder.path)/\(name)/iter_20.safetensors")
    }
    let two = try train("two", ["--threads", "2"])
    #expect(try train("one", ["--threads", "1"]) == two)
    // A run that ended after ten steps: its checkpoint is all that the resumed one knows.
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/resumed", withIntermediateDirectories: true)
    let checkpoint = "\(folder.path)/resumed/iter_10.safetensors"
    try FileManager.default.copyItem(atPath: "\(folder.path)/two/iter_10.safetensors", toPath: checkpoint)
    #expect(try train("resumed", ["--threads", "2", "--resume", checkpoint]) == two)
  }

  /// What a run leaves beside checkpoints and log, and that its curves can be drawn again.
  private func expectRecord(in folder: TemporaryFolder, columns: [String]) throws {
    let run = try #require(folder.names("run").first { $0.hasPrefix("2") })
    let names = folder.names("run/\(run)")
    for name in [
      "\(run).log", "confusion_matrix.png", "curves.png", "curves.svg", "labels.png", "metrics.csv",
      "report.html", "train_batch0.jpg", "train_batch2.jpg", "val_images",
    ] {
      #expect(names.contains(name), "no \(name) in \(names)")
    }
    #expect(!folder.names("run/\(run)/val_images").isEmpty)
    #expect(folder.names("run/\(run)/vis_data").contains { $0.hasPrefix("events.out.tfevents.") })
    let head = try folder.text("run/\(run)/metrics.csv").split(separator: "\n")[0].split(separator: ",")
    for column in ["step", "epoch"] + columns {
      #expect(head.contains { $0 == column }, "\(column): \(head)")
    }
    // Made anew of what lies there, the report has the same bytes, wherever it goes.
    let own = try folder.text("run/\(run)/report.html")
    _ = try succeed(["report", "\(folder.path)/run"])
    #expect(try folder.text("run/\(run)/report.html") == own)
    for id in ["verdict", "setup", "data", "curves", "quality", "pictures", "speed", "files"] {
      #expect(own.contains("class=\"section\" id=\"\(id)\""), "no section \(id)")
    }
    let beside = try succeed([
      "report", "\(folder.path)/run", "\(folder.path)/run/\(run)", "--out", "\(folder.path)/both.html",
    ])
    #expect(beside == "written: \(folder.path)/both.html\n")
    #expect(try folder.text("both.html").contains("Beside other runs"))
    let svg = "\(folder.path)/curves.svg"
    let table = try succeed([
      "analyze", "log", "\(folder.path)/run", "\(folder.path)/run/\(run)/\(run).log", "--keys", "loss",
      "--out", svg,
    ])
    #expect(table.hasPrefix("run") && table.contains("written: \(svg)"))
    #expect(try folder.text("curves.svg").contains("role=\"img\""))
    let unknown = try Command.run(["analyze", "log", "\(folder.path)/run", "--keys", "nonsense"])
    #expect(unknown.status == 2 && unknown.errors.contains("no run has 'nonsense'; there are "))
  }

  @Test("detector: train, test, evaluate, predict")
  func detector() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 8)
    let config = Task.detector.config(set)
    let log = try succeed(["train"] + config + ["--work-dir", "\(folder.path)/run"])
    for word in [
      "disc", "8", "initialised at random with seed 0", "coco/bbox_mAP", "loss_rpn_cls", "loss_mask",
    ] {
      #expect(log.contains(word), "the log does not say '\(word)'")
    }
    try expectRecord(in: folder, columns: ["coco/bbox_mAP", "coco/segm_AP50/disc"])
    let checkpoint = "\(folder.path)/run/iter_20.safetensors"
    let test = try succeed(
      ["test"] + [config[0], checkpoint] + config.dropFirst() + ["--out", "\(folder.path)/r.json", "--json"])
    for type in ["bbox", "segm"] {
      let evaluated = try succeed([
        "evaluate", "coco", "--annotations", "\(set.folder)/annotations/instances_val.json", "--results",
        "\(folder.path)/r.\(type).json", "--iou-type", type, "--json",
      ])
      #expect(try stats(evaluated, type) == stats(test, type, below: "metrics"))
    }
    let image = "\(set.folder)/images/validation/picture1.png"
    let predicted = try succeed(
      ["predict", config[0], checkpoint, image] + config.dropFirst()
        + ["--out-dir", "\(folder.path)/pictures", "--score-thr", "0", "--json"])
    #expect(predicted.contains(#""category":"disc""#))
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/pictures/picture1.png"))
  }

  @Test("boxes alone, of files without masks: train, test, with variants, evaluate, predict, in tiles")
  func boxes() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 4, hasMasks: false)
    let file = "\(folder.path)/boxes.yaml"
    try """
    _base_: \(ExampleConfig.folder)/nuclei_mask-rcnn.yaml
    model:
      type: FasterRCNN
      roi_head: {mask_head: null, mask_roi_extractor: null}
    val_evaluator: {_delete_: true, type: CocoMetric, metric: bbox}
    tta_model: {type: DetTTAModel, tta_cfg: {nms: {type: nms, iou_threshold: 0.5}, max_per_img: 100}}
    tta_pipeline:
      - {type: LoadImageFromFile}
      - type: TestTimeAug
        transforms:
          - [{type: Resize, scale: [80, 64]}, {type: Resize, scale: [120, 96]}]
          - [{type: RandomFlip, prob: 0.0}, {type: RandomFlip, prob: 1.0}]
          - [{type: PackDetInputs}]
    """.write(toFile: file, atomically: false, encoding: .utf8)
    let options =
      Task.detector.config(set, iterations: 5, checkpoints: 5).dropFirst().filter { !$0.contains("mask_") }
      + ["train_dataloader.dataset.pipeline.1.with_mask=false"]
    let log = try succeed(["train", file] + options + ["--work-dir", "\(folder.path)/run"])
    #expect(log.contains("loss_bbox") && !log.contains("loss_mask"))
    let checkpoint = "\(folder.path)/run/iter_5.safetensors"
    for more in [[], ["--tta"]] {
      let test = try succeed(
        ["test", file, checkpoint] + options + more + ["--out", "\(folder.path)/r.json", "--json"])
      let evaluated = try succeed([
        "evaluate", "coco", "--annotations", "\(set.folder)/annotations/instances_val.json", "--results",
        "\(folder.path)/r.bbox.json", "--analyze", "--json",
      ])
      #expect(try stats(evaluated, "bbox") == stats(test, "bbox", below: "metrics"))
      #expect(evaluated.contains("\"likely_label_errors\""))
    }
    let image = "\(set.folder)/images/validation/picture1.png"
    for more in [[], ["--tile", "48", "--overlap", "0.25"]] {
      let predicted = try succeed(
        ["predict", file, checkpoint, image] + options + ["--score-thr", "0", "--json"] + more)
      #expect(predicted.contains(#""category":"disc""#) && !predicted.contains("segmentation"))
    }
  }

  @Test("several result files beside each other, and pycocotools' settings")
  func severalResults() throws {
    func golden(_ name: String) -> String { Golden.path("coco/tide_0_\(name).json") }
    let common = ["evaluate", "coco", "--annotations", golden("annotations"), "--results", golden("bbox")]
    let both = try succeed(common + [golden("segm"), "--resamples", "20", "--classwise"])
    #expect(both.contains("against") && both.contains("tide_0_segm.json"))
    let json = try succeed(
      common + [golden("segm"), "--resamples", "20", "--json", "--iou-type", "bbox", "proposal"])
    #expect(json.contains(#""comparisons":[{"against""#) && json.contains(#""results":[{"#))
    struct Figures: Decodable { var stats: [Double] }
    func first(_ more: [String]) throws -> Double {
      let text = try succeed(common + ["--json"] + more)
      let figures = try JSONDecoder().decode([String: Figures].self, from: Data(text.utf8))
      let found = figures["bbox"]?.stats.first
      return try #require(found)
    }
    #expect(abs(try first(["--classes", "2", "class1", "90"]) - 0.3483348334833483) < 1e-12)
    #expect(abs(try first(["--iou-thrs", "0.3", "0.5", "0.9"]) - 0.3534977911710585) < 1e-12)
    #expect(try first(["--images", "926"]) != first([]))
    let folder = try TemporaryFolder()
    _ = try succeed(common + [golden("segm"), "--resamples", "1", "--analyze", "--plots", folder.path])
    for number in 1...2 {
      let pictures = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/\(number)")
      #expect(pictures.contains("bbox_precision_recall.svg") && pictures.contains("bbox_figures.png"))
    }
    for (more, status) in [
      (["--classes", "cow"], 1), (["--images", "no.png"], 1), (["--iou-thrs", "7"], 2),
      (["--resamples", "0"], 2),
      (["--analyze", "--iou-type", "proposal"], 2), (["--plots", "plots"], 2),
    ] as [([String], Int32)] {
      let outcome = try Command.run(common + more)
      #expect(outcome.status == status && !outcome.errors.isEmpty, "\(more): \(outcome.errors)")
    }
  }

  @Test("segmentor: train, test, evaluate, predict")
  func segmentor() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 8)
    let config = Task.segmentor.config(set)
    let log = try succeed(["train"] + config + ["--work-dir", "\(folder.path)/run"])
    for word in ["ground, disc", "mIoU", "decode.loss_ce", "aux.loss_ce"] {
      #expect(log.contains(word), "the log does not say '\(word)'")
    }
    try expectRecord(in: folder, columns: ["mIoU", "IoU/disc", "Acc/ground"])
    let checkpoint = "\(folder.path)/run/iter_20.safetensors"
    let test = try succeed(
      ["test"] + [config[0], checkpoint] + config.dropFirst() + ["--out", "\(folder.path)/maps", "--json"])
    let evaluated = try succeed([
      "evaluate", "segmentation", "--annotations", "\(set.folder)/semantic/validation", "--predictions",
      "\(folder.path)/maps", "--num-classes", "2", "--reduce-zero-label", "--json",
    ])
    for name in ["aAcc", "mIoU", "mAcc", "mDice", "mFscore"] {
      #expect(try number(evaluated, name) == number(test, name, below: "metrics"), "\(name)")
    }
    let image = "\(set.folder)/images/validation/picture1.png"
    let predicted = try succeed(
      ["predict", config[0], checkpoint, image] + config.dropFirst()
        + ["--out-dir", "\(folder.path)/pictures", "--json"])
    #expect(predicted.contains("picture1_labels.png"))
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/pictures/picture1_labels.png"))
  }

  /// The twelve numbers of a JSON answer.
  private func stats(_ text: String, _ type: String, below key: String? = nil) throws -> [Double] {
    struct Figures: Decodable { var stats: [Double] }
    struct Below: Decodable { var metrics: [String: Figures] }
    let data = Data(text.utf8)
    let figures =
      key == nil
      ? try JSONDecoder().decode([String: Figures].self, from: data)
      : try JSONDecoder().decode(Below.self, from: data).metrics
    return try #require(figures[type]).stats
  }

  /// One number of a JSON answer.
  private func number(_ text: String, _ name: String, below key: String? = nil) throws -> Double? {
    struct Means: Decodable {
      var aAcc, mIoU, mAcc, mDice, mFscore: Double?
      subscript(name: String) -> Double? {
        ["aAcc": aAcc, "mIoU": mIoU, "mAcc": mAcc, "mDice": mDice, "mFscore": mFscore][name] ?? nil
      }
    }
    struct Below: Decodable { var metrics: Means }
    let data = Data(text.utf8)
    return key == nil
      ? try JSONDecoder().decode(Means.self, from: data)[name]
      : try JSONDecoder().decode(Below.self, from: data).metrics[name]
  }
}
