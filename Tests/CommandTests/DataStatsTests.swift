import Foundation
import TestSupport
import Testing

@Suite("dense data stats")
struct DataStatsTests {
  private struct Report: Decodable {
    struct Row: Decodable {
      var name: String
      var objects, small, images: Int
    }
    struct Instances: Decodable {
      var classes: [Row]
      var empty_images: Int
    }
    struct Pixels: Decodable {
      var name: String
      var pixels, images: Int
    }
    struct Maps: Decodable {
      var maps: Int
      var classes: [Pixels]
      var ignored_share: Double
    }
    struct Set: Decodable {
      var name: String?
      var images: Int
      var instances: Instances?
      var label_maps: Maps?
    }
    struct Anchors: Decodable {
      struct Anchor: Decodable { var boxes: Int }
      var pos_iou_thr: Double
      var boxes: Int
      var anchors: [Anchor]
    }
    var sets: [Set]
    var anchors: Anchors?
  }

  private func report(_ arguments: [String]) throws -> Report {
    let outcome = try Command.run(["data", "stats", "--json"] + arguments)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
  }

  @Test("a detector's config: objects by class and size, and what its anchors reach")
  func detectors() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 4)
    let config = ExampleConfig.detector(set, iterations: 1, checkpoints: 1)
    let found = try report(config)
    #expect(found.sets.map(\.name) == ["train", "val"] && found.sets.map(\.images) == [4, 4])
    let row = try #require(found.sets[0].instances?.classes.first)
    #expect(row.name == "disc" && row.objects == 12 && row.small == 12 && row.images == 4)
    let anchors = try #require(found.anchors)
    #expect(anchors.pos_iou_thr == 0.7 && anchors.boxes == 12)
    #expect(anchors.anchors.reduce(0) { $0 + $1.boxes } == 12)
    let text = try Command.run(["data", "stats"] + config)
    #expect(text.output.contains("reached at IoU 0.7 (pos_iou_thr)"), "\(text.output)")
    let file = try report([set.folder + "/annotations/instances_val.json"])
    #expect(file.sets.count == 1 && file.anchors == nil && file.sets[0].instances?.classes[0].objects == 12)
  }

  @Test("a segmentor's config: pixels and images by class, and what is ignored")
  func segmentors() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 3)
    let maps = try #require(
      try report(ExampleConfig.segmentor(set, iterations: 1, checkpoints: 1)).sets[0].label_maps)
    #expect(maps.maps == 3 && maps.ignored_share == 0 && maps.classes.map(\.name) == ["ground", "disc"])
    #expect(maps.classes.reduce(0) { $0 + $1.pixels } == 3 * 64 * 80 && maps.classes.map(\.images) == [3, 3])
  }

  @Test("what is no config and no annotation file is an error with its name")
  func mistakes() throws {
    let folder = try TemporaryFolder([
      "a.json": "{", "empty.json": "{\"images\": [], \"categories\": []}", "a.yaml": "x: 1\n",
    ])
    for (arguments, status, message) in [
      (["a.json"], 1, "a.json"), (["none.json"], 1, "none.json"), (["a.yaml"], 1, "a.yaml"),
      ([""], 2, "empty name"),
      (["a.json", "--cfg-options", "x=1"], 2, "there is no config"),
      (["a.yaml", "--images", "0"], 2, "--images"),
    ] {
      let outcome = try Command.run(["data", "stats"] + arguments, in: folder.path)
      #expect(Int(outcome.status) == status && outcome.errors.contains(message), "\(outcome.errors)")
    }
    let empty = try Command.run(["data", "stats", "empty.json"], in: folder.path)
    #expect(empty.status == 0 && empty.output.hasPrefix("0 images"), "\(empty.errors)")
  }
}
