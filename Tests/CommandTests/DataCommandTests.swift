import Foundation
import Imaging
import TestSupport
import Testing

@Suite("dense data")
struct DataCommandTests {
  private struct Report: Decodable {
    struct Fault: Decodable {
      var file: String
      var id: Int?
      var kind: String
      var message: String
    }
    struct Label: Decodable {
      var value: Int
      var `class`: String?
      var share: Double
    }
    var images: Int
    var annotations: Int
    var faults: [Fault]
    var labels: [Label]?
  }

  private func segmentor(_ set: GeneratedSet) -> [String] {
    ExampleConfig.segmentor(set, iterations: 20, checkpoints: 10)
  }

  private func detector(_ set: GeneratedSet) -> [String] {
    ExampleConfig.detector(set, iterations: 20, checkpoints: 10)
  }

  private func report(_ outcome: Command.Outcome) throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  @Test("check: a whole set gives status 0, the counts and the table of label values")
  func checksWholeSets() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 3)
    let outcome = try Command.run(["data", "check"] + segmentor(set))
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(outcome.output.contains("6 images, 6 annotations") && outcome.output.contains("nothing is wrong"))
    #expect(outcome.output.contains("file value") && outcome.output.contains("disc"))
    let json = try Command.run(["data", "check", "--json"] + segmentor(set))
    let labels = try #require(try report(json).labels)
    #expect(labels.map(\.value) == [1, 2] && labels.map(\.class) == ["ground", "disc"])
    #expect(abs(labels.reduce(0) { $0 + $1.share } - 1) < 1e-9)
    // The images of an annotation file are opened too.
    let boxes = try Command.run(["data", "check", "--json"] + detector(set))
    #expect(boxes.status == 0, "\(boxes.errors)")
    #expect(try report(boxes).images == 6, "\(boxes.errors)")
  }

  @Test("check: broken files give status 1 and the same report for any number of threads, and no other lines")
  func checksBrokenSets() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 5)
    let images = set.folder + "/images/training"
    let picture = try Data(contentsOf: URL(fileURLWithPath: images + "/picture1.png"))
    try picture.prefix(picture.count / 2).write(to: URL(fileURLWithPath: images + "/picture1.png"))
    try Data("BM and nothing else that makes sense".utf8).write(
      to: URL(fileURLWithPath: images + "/picture2.png"))
    try FileManager.default.removeItem(atPath: images + "/picture3.png")
    try Data([0x49, 0x49, 42, 0, 8, 0, 0, 0, 0, 0]).write(to: URL(fileURLWithPath: images + "/picture4.png"))
    try LabelMap(height: 64, width: 80, pixels: [Int32](repeating: 9, count: 64 * 80))
      .writePNG(to: set.folder + "/semantic/validation/picture5.png")
    let one = try Command.run(["data", "check", "--json", "--threads", "1"] + segmentor(set))
    let two = try Command.run(["data", "check", "--json", "--threads", "2"] + segmentor(set))
    #expect(one.status == 1 && one.errors.isEmpty, "\(one.errors)")
    #expect(one.output == two.output)
    let found = try report(one)
    #expect(found.images == 9)
    let kinds = Dictionary(grouping: found.faults) { ($0.file as NSString).lastPathComponent }
      .mapValues { $0.map(\.kind) }
    #expect(kinds["picture1.png"] == ["truncated_image"] && kinds["picture5.png"] == ["label_out_of_range"])
    // Its label map is there, the image is not.
    #expect(kinds["picture3.png"] == ["label_map_without_image"])
    let text = try Command.run(["data", "check"] + segmentor(set))
    #expect(text.status == 1 && text.errors.isEmpty, "\(text.errors)")
    #expect(
      text.output.contains("truncated_image: 1\n") && text.output.contains("\(found.faults.count) faults"))
    let boxes = try Command.run(["data", "check", "--json"] + detector(set))
    let missing = try report(boxes).faults.filter { $0.kind == "missing_file" }
    #expect(missing.map(\.id) == [30] && boxes.status == 1 && boxes.errors.isEmpty, "\(boxes.errors)")
  }

  @Test("browse: draws what the pipeline gives, a picture an image", arguments: [true, false])
  func browses(isDetector: Bool) throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 3)
    let config = isDetector ? detector(set) : segmentor(set)
    let out = folder.path + "/out"
    let outcome = try Command.run(
      ["data", "browse", config[0], "--out-dir", out, "--number", "2"] + config.dropFirst())
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("2 of 3 images drawn"))
    let names = try FileManager.default.contentsOfDirectory(atPath: out).sorted()
    #expect(names == ["0_picture1.png", "1_picture2.png"])
    let picture = try Image.decode(file: "\(out)/0_picture1.png")
    #expect(
      picture.size == (isDetector ? ImageSize(height: 64, width: 80) : ImageSize(height: 64, width: 64)))
    // Something is drawn: the set's pictures are grey to blue, never green or red.
    let coloured = stride(from: 0, to: picture.pixels.count, by: 3).count {
      Int(picture.pixels[$0 + 1]) > Int(picture.pixels[$0]) + 40 || Int(picture.pixels[$0 + 2]) > 230
    }
    #expect(coloured > 20)
  }

  @Test(
    "a broken image stops training with its name; skipped ones are told at the end", arguments: [true, false])
  func tellsSkippedImages(isDetector: Bool) throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 4)
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: set.folder + "/images/training/picture2.png"))
    let config = isDetector ? detector(set) : segmentor(set)
    let options = config + ["train_dataloader.dataset.on_broken_image=skip", "train_cfg.max_iters=4"]
    let outcome = try Command.run(["train"] + options + ["--work-dir", folder.path + "/run"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("WARNING - skipped 1 broken file"), "\(outcome.output.suffix(1500))")
    let stopped = try Command.run(["train"] + config + ["--work-dir", folder.path + "/other"])
    #expect(stopped.status == 1 && stopped.errors.contains("picture2.png: a text file"), "\(stopped.errors)")
  }

  @Test(
    "check: what training or testing would refuse of a config is an error there",
    arguments: [
      (true, ["train_dataloader.dataset.pipeline.1.with_mask=false"], "loads no masks of objects"),
      (true, ["model.roi_head.bbox_head.num_classes=7"], "bbox_head.num_classes: 7, but the data set has 1"),
      (true, ["model.type=FasterCNN"], "unknown model 'FasterCNN'"),
      (true, ["val_dataloader.dataset.test_mode=false"], "test_mode: is not true"),
      (true, ["val_dataloader.dataset.metainfo.classes=[cat]"], "no category [cat]"),
      (true, ["val_evaluator.metric=bbx"], "'bbx' is not known"),
      (false, ["model.decode_head.ignore_index=1"], "model.decode_head.ignore_index: is 1, but"),
      (false, ["train_dataloader.batch_size=1"], "learns from 2 images or more"),
      (false, ["val_dataloader.dataset.metainfo.classes=[disc,ground]"], "the classes differ"),
      (false, ["train_cfg.max_iter=3"], "unknown key 'max_iter'"),
    ])
  func checksConfigs(isDetector: Bool, options: [String], expected: String) throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 2)
    let config = isDetector ? detector(set) : segmentor(set)
    let outcome = try Command.run(["data", "check", "--json"] + config + options)
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.errors)")
    let faults = try report(outcome).faults.filter { $0.message.contains(expected) }
    #expect(faults.count == 1, "\(outcome.output)")
  }

  @Test("wrong usage and configs without data give one message")
  func mistakes() throws {
    let usage = try Command.run(["data", "browse", "x.yaml", "--out-dir", "o", "--number", "0"])
    #expect(usage.status == 2 && usage.errors.contains("--number"))
    let folder = try TemporaryFolder()
    try "default_scope: mmseg\n".write(toFile: folder.path + "/a.yaml", atomically: false, encoding: .utf8)
    let empty = try Command.run(["data", "check", folder.path + "/a.yaml"])
    #expect(empty.status == 1 && empty.errors.contains("names no data sets"))
  }
}
