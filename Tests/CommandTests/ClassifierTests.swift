import Foundation
import TestSupport
import Testing

/// The quickstart's classifier, made small, on a few pictures of the Reef, by calling the command.
@Suite("a classifier, by the command")
struct ClassifierCommandTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = folder.path + "/reef animals"
    _ = try Self.succeed([
      "data", "synthesize", "reef", "--task", "classification", "--images", "35", "--size", "64x64", "--out",
      data,
    ])
  }

  private static func succeed(_ arguments: [String]) throws -> Command.Outcome {
    let outcome = try Command.run(arguments)
    #expect(
      outcome.status == 0, "\(arguments.prefix(2)): \(outcome.errors)\(outcome.output.suffix(2000))")
    return outcome
  }

  /// The config, and options that make it small.
  private var config: (file: String, options: [String]) {
    let file =
      URL(fileURLWithPath: ExampleConfig.folder).deletingLastPathComponent().path
      + "/quickstart/classifier.yaml"
    let options = [
      "--cfg-options", "data_root=\(data)", "model.backbone.dims=[8,8,8,8]",
      "model.backbone.depths=[1,1,1,1]",
      "model.head.in_channels=8", "train_dataloader.batch_size=6", "train_cfg.max_epochs=2",
      "train_cfg.val_interval=2", "default_hooks.checkpoint.interval=1", "default_hooks.logger.interval=2",
    ]
    return (file, options)
  }

  private func lines(ofFilesNamed name: String, below folder: String) throws -> [String] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let file = try #require(names.first { $0.hasSuffix(name) })
    return try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8).split(separator: "\n").map(
      String.init)
  }

  @Test("train, test and predict; each figure is written once")
  func wholePath() throws {
    let (file, options) = config
    let run = folder.path + "/run"
    let log = try Self.succeed(["train", file, "--work-dir", run] + options).output
    for word in ["5 (crab, fish, jellyfish, starfish, turtle)", "accuracy/top1"] {
      #expect(log.contains(word), "the log does not say '\(word)'")
    }
    let steps = log.split(separator: "\n").filter {
      $0.contains("Epoch(train)") || $0.contains("first batch")
    }
    #expect(!steps.isEmpty)
    for line in steps { #expect(line.components(separatedBy: " loss: ").count == 2, "\(line)") }
    for line in try lines(ofFilesNamed: "scalars.json", below: run) {
      #expect(line.components(separatedBy: #""loss":"#).count <= 2, "\(line)")
    }

    let checkpoint = run + "/epoch_2.safetensors"
    let out = folder.path + "/results.json"
    let tested = try Self.succeed(["test", file, checkpoint] + options + ["--out", out, "--json"]).output
    let test = try JSONDecoder().decode(Tested.self, from: Data(tested.utf8))
    let results = try JSONDecoder().decode(Results.self, from: Data(contentsOf: URL(fileURLWithPath: out)))
    #expect(test.images == 5 && results.images.count == 5 && results.classes.count == 5)
    #expect(test.metrics.confusion_matrix.map { $0.reduce(0, +) } == [1, 1, 1, 1, 1])
    let right = results.images.count { $0.file.contains("/\($0.category)/") }
    #expect(test.metrics.top1 == Double(right) * 20)

    let picture = data + "/val/fish/0001.jpg"
    let pictures = folder.path + "/pictures"
    let predicted = try Self.succeed(
      ["predict", file, checkpoint, picture] + options + ["--out-dir", pictures, "--json"]
    ).output
    let prediction = try JSONDecoder().decode(Predicted.self, from: Data(predicted.utf8))
    let classes = try #require(prediction.images.first).classes
    let row = try #require(results.images.first { $0.file.hasSuffix("fish/0001.jpg") })
    #expect(classes.count == 5 && classes[0].category == row.category && classes[0].score == row.score)
    #expect(FileManager.default.fileExists(atPath: pictures + "/0001.jpg"))
    let text = try Self.succeed(["predict", file, checkpoint, picture] + options).output
    #expect(text.contains("fish/0001.jpg: \(row.category) "), "\(text)")
  }

  private struct Tested: Decodable {
    struct Metrics: Decodable {
      var top1: Double
      var confusion_matrix: [[Int]]
      enum CodingKeys: String, CodingKey {
        case top1 = "accuracy/top1"
        case confusion_matrix
      }
    }
    var images: Int
    var metrics: Metrics
  }

  private struct Results: Decodable {
    struct Row: Decodable {
      var file, category: String
      var score: Double
    }
    var classes: [String]
    var images: [Row]
  }

  private struct Predicted: Decodable {
    struct Row: Decodable {
      var category: String
      var score: Double
    }
    struct Image: Decodable { var classes: [Row] }
    var images: [Image]
  }

  @Test("data check counts the pictures of each class, and names what is wrong")
  func check() throws {
    let (file, options) = config
    let fine = try Self.succeed(["data", "check", file] + options).output
    #expect(fine.contains("35 images") && fine.contains("nothing is wrong"), "\(fine)")
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: data + "/train/fish/Fisch ä.jpg"))
    let wrong = try Command.run(["data", "check", file] + options)
    #expect(wrong.status == 1 && wrong.output.contains("Fisch ä.jpg"), "\(wrong.output)\(wrong.errors)")
  }

  @Test("data browse draws what training sees, large enough to be seen below its class")
  func browse() throws {
    let (file, options) = config
    _ = try Self.succeed(
      ["data", "browse", file] + options + ["--out-dir", folder.path + "/seen", "--number", "2"])
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/seen")
    #expect(names.count == 2)
    for name in names {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/seen/\(name)"))
      // Width and height stand in a PNG's header, the highest byte first.
      let sides = [16, 20].map { at in bytes[at..<at + 4].reduce(0) { $0 * 256 + Int($1) } }
      #expect(sides.allSatisfy { $0 >= 256 }, "\(sides)")
    }
  }
}
