import Foundation
import Imaging
import TestSupport
import Testing

/// `dense predict`: what it takes, what it writes, and in which order.
@Suite("predict")
struct PredictTests {
  private let folder: TemporaryFolder
  private let set: GeneratedSet

  init() throws {
    folder = try TemporaryFolder()
    set = try GeneratedSet(in: folder.path + "/set", count: 3)
  }

  /// A checkpoint that has learnt a little.
  private func trained(_ config: [String], iterations: Int) throws -> String {
    let outcome = try Command.run(["train"] + config + ["--work-dir", "\(folder.path)/run", "--quiet"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return "\(folder.path)/run/iter_\(iterations).safetensors"
  }

  private func call(_ arguments: [String], _ more: [String], redirection: String? = nil) throws
    -> Command.Outcome
  {
    try Command.run(["predict"] + arguments + more, in: folder.path, redirection: redirection)
  }

  private struct Predicted: Decodable {
    struct Object: Decodable { var category_id: Int }
    struct Image: Decodable {
      var file: String
      var frame: Int?
      var instances: [Object]?
    }
    struct Failure: Decodable { var file: String }
    var images: [Image]
    var failed: [Failure]?
  }

  private func decoded(_ outcome: Command.Outcome) throws -> Predicted {
    try JSONDecoder().decode(Predicted.self, from: Data(outcome.output.utf8))
  }

  /// A film of the validation's pictures.
  private func film() throws {
    let frames = try (1...3).map {
      try Image.decode(file: "\(set.folder)/images/validation/picture\($0).png").encodedJPEG()
    }
    try folder.write(MotionJPEG.film(frames, height: 64, width: 80, rate: 10), as: "in/clip.avi")
  }

  @Test("objects: pictures, numbers of the annotation file, COCO's results, tables, sheets, films and lists")
  func detector() throws {
    let config =
      ExampleConfig.detector(set, iterations: 12, checkpoints: 12) + ["model.test_cfg.rcnn.score_thr=0.0"]
    let checkpoint = try trained(config, iterations: 12)
    // Without CONFIG: the checkpoint has it, and the classes' numbers too.
    let validation = "\(set.folder)/images/validation"
    try film()
    try folder.write(Array("no picture".utf8), as: "in/deep/broken.png")
    try folder.write(
      try Image.decode(file: "\(validation)/picture1.png").encodedJPEG(), as: "in/deep/photo.jpg")
    let all = try call(
      [checkpoint, "in"],
      [
        "--out-dir", "out", "--score-thr", "0", "--max-det", "3", "--json", "--csv", "t.csv", "--sheet",
        "s.jpg",
        "--crop", "--label-map", "--out", "r.json",
      ])
    #expect(all.status == 1 && all.errors.contains("1 of 3 inputs could not be predicted"), "\(all.errors)")
    let report = try decoded(all)
    #expect(
      report.images.map { "\($0.file) \($0.frame ?? 0)" } == [
        "in/clip.avi 1", "in/clip.avi 2", "in/clip.avi 3", "in/deep/photo.jpg 0",
      ])
    #expect(report.failed?.map(\.file) == ["in/deep/broken.png"])
    let objects = report.images.flatMap { $0.instances ?? [] }
    #expect(objects.count == 12 && objects.allSatisfy { $0.category_id == 3 })
    #expect(folder.names("out") == ["clip", "crops", "deep"])
    #expect(
      folder.names("out/clip").filter { !$0.contains("_labels") } == [
        "000001.jpg", "000002.jpg", "000003.jpg",
      ])
    #expect(folder.names("out/deep") == ["photo.jpg", "photo_labels.png"])
    #expect(folder.names("out/crops/disc") == ["clip", "deep"])
    #expect(try folder.text("t.csv").split(separator: "\n").count == 13)
    #expect(try Image.decode(file: "\(folder.path)/s.jpg").width > 160)

    // The data set's images by their names, so that they can be evaluated; in batches of any size the same.
    let truth = "\(set.folder)/annotations/instances_val.json"
    for batch in ["1", "2"] {
      let results = try call(
        [checkpoint, "\(validation)/*.png"],
        ["--out", "r\(batch).json", "--annotations", truth, "--batch", batch, "--score-thr", "0.05"])
      #expect(results.status == 0, "\(results.errors)")
      #expect(results.output.contains("class  objects  images") && results.output.contains("3 images in "))
    }
    #expect(try folder.text("r1.json") == folder.text("r2.json"))
    for type in ["bbox", "segm"] {
      let evaluated = try Command.run([
        "evaluate", "coco", "--annotations", truth, "--results", "\(folder.path)/r1.json", "--iou-type", type,
      ])
      #expect(evaluated.status == 0, "\(evaluated.errors)")
    }

    // Lists, patterns with numbers, and a folder of the time's name.
    let listed = try call(
      [checkpoint, "-"], [],
      redirection: "< <(printf '%s\\n' '\(validation)/picture2.png' '\(validation)/picture1.png')")
    #expect(listed.status == 0, "\(listed.errors)")
    let lines = listed.output.split(separator: "\n").filter { $0.contains("objects") }
    #expect(lines[0].contains("picture2.png: ") && lines[1].contains("picture1.png: "))
    let times = folder.names("predictions")
    #expect(times.count == 1 && folder.names("predictions/\(times[0])") == ["picture1.png", "picture2.png"])
    let numbered = try call([checkpoint, "\(validation)/picture%d.png"], ["--json", "--classes", "disc"])
    #expect(try decoded(numbered).images.count == 3)
    // A smaller scale is another prediction.
    let small = try call(
      [checkpoint, "\(validation)/picture1.png"], ["--json", "--score-thr", "0", "--scale", "40x32"])
    let usual = try call([checkpoint, "\(validation)/picture1.png"], ["--json", "--score-thr", "0"])
    #expect(small.status == 0 && usual.status == 0 && small.output != usual.output)
  }

  @Test("label maps have a palette, and pictures a legend; what is of other models is wrong usage")
  func segmentor() throws {
    let config = ExampleConfig.segmentor(set, iterations: 2, checkpoints: 2)
    let checkpoint = try trained(config, iterations: 2)
    let image = "\(set.folder)/images/validation/picture1.png"
    let outcome = try call(
      [checkpoint, image], ["--out-dir", "o", "--csv", "t.csv", "--out", "r.json", "--sheet", "s.png"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let labels = "\(folder.path)/o/picture1_labels.png"
    #expect(try LabelMap.read(file: labels).pixels.allSatisfy { (0...1).contains($0) })
    // The colours of the config, in the file itself.
    let shown = try Image.decode(file: labels)
    #expect(
      Set(stride(from: 1, to: shown.pixels.count, by: 3).map { shown.pixels[$0] }).isSubset(of: [0, 200]))
    #expect(try Image.decode(file: "\(folder.path)/o/picture1.png").width > 80)
    #expect(try folder.text("t.csv").hasPrefix("file,frame,category,pixels,share\n"))
    #expect(try folder.text("r.json").hasPrefix("{\"images\":"))
    for (option, expected) in [
      (["--crop"], "--crop is about the objects"), (["--tile", "64"], "--tile is about the objects"),
      (["--max-det", "2"], "--max-det is about"), (["--classes", "cat"], "it has ground, disc"),
      (["--out", "r.json", "--annotations", "a.json"], "--annotations is about"),
    ] {
      let wrong = try call([checkpoint, image], ["--json"] + option)
      #expect(wrong.status == 2 && wrong.errors.contains(expected), "\(wrong.errors)")
    }
    // Nothing is written over what is there.
    for (option, expected) in [
      (["--csv", image], "is an input"), (["--sheet", image], "is an input"),
      (["--out", checkpoint], "name another file"),
      (["--csv", "x", "--out", "x"], "is also the result of"),
    ] {
      let refused = try call([checkpoint, image], option)
      #expect(refused.status == 1 && refused.errors.contains(expected), "\(refused.errors)")
    }
  }

  @Test(
    "options that cannot be are wrong usage",
    arguments: [
      (["--batch", "0"], "--batch must be in"), (["--max-det", "0"], "--max-det must be"),
      (["--sheet", "x.gif"], "has to be .jpg or .png"), (["--scale", "640"], "--scale"),
      (["--csv", ""], "--csv"),
      (["--annotations", "a.json"], "give --out too"),
      (["--tile", "64", "--batch", "2"], "do not go together"),
      (["--scale", "0x5"], "--scale"),
    ])
  func usage(options: [String], expected: String) throws {
    let outcome = try call(["a.yaml", "a.safetensors", "a.png"], ["--json"] + options)
    #expect(outcome.status == 2 && outcome.errors.contains(expected), "\(outcome.errors)")
  }
}
