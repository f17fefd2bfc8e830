import Configuration
import Data
import Modeling
import Segmentation
import Testing

@Suite("What a data set's config says without its files")
struct DatasetOutlineTests {
  private struct OwnSettings: Decodable, Sendable, OutlinedDataset {
    var count: Int
    func outline(in context: DataContext) -> DatasetOutline {
      DatasetOutline(classes: (0..<count).map { "class \($0)" }, pipeline: []) {
        $0.map { _ in SIMD3(1, 2, 3) }
      }
    }
  }

  private static let steps = "pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations}]"
  private static let coco =
    "{type: CocoDataset, ann_file: nowhere.json, metainfo: {classes: [a, b]}, \(steps)}"
  private static let maps =
    "{type: BaseSegDataset, data_prefix: {img_path: nowhere}, metainfo: {classes: [a], palette: [[9, 8, 7]]}, \(steps)}"
  private static let scenes = "{type: ADE20KDataset, data_prefix: {img_path: nowhere}, \(steps)}"

  @Test(
    "is found in wrapped ones and in those of a program's own, too",
    arguments: [
      (coco, ["a", "b"], 2), (maps, ["a"], 2), (scenes, ADE20K.classes, 2),
      ("{type: RepeatDataset, times: 3, dataset: \(scenes)}", ADE20K.classes, 2),
      ("{type: ConcatDataset, datasets: [\(coco), \(coco)]}", ["a", "b"], 2),
      ("{type: RepeatDataset, times: 3, dataset: {type: ConcatDataset, datasets: [\(maps)]}}", ["a"], 2),
      ("{type: CocoDataset, ann_file: nowhere.json, \(steps)}", nil, 2),
      ("{type: Own, count: 2}", ["class 0", "class 1"], 0),
      ("{type: Plain, count: 2, metainfo: {classes: [x]}, \(steps)}", ["x"], 2),
    ])
  func outline(config: String, classes: [String]?, steps: Int) throws {
    var components = Components.all
    components.data.datasets.add("Own") { (_: OwnSettings, _: DataContext) -> any Dataset in
      throw DataError(file: nil, "is not opened")
    }
    components.data.datasets.add("Plain") { (_: PlainWithKeys, _: DataContext) -> any Dataset in
      throw DataError(file: nil, "is not opened")
    }
    let component = try ComponentConfiguration(ConfigurationNode.parse(config, file: "set.yaml"))
    let outline = try DataContext(scope: "mmdet", components: components.data).outline(of: component)
    #expect(outline.classes == classes)
    #expect(outline.pipeline.count == steps)
    if config.contains("ADE20K") {
      #expect(outline.palette(for: ADE20K.classes) == ADE20K.palette)
    }
    if config.contains("palette") { #expect(outline.palette(for: ["a"]) == [SIMD3(9, 8, 7)]) }
  }

  /// Settings that have mm's keys, but do not say what they mean.
  private struct PlainWithKeys: Decodable, Sendable {
    var count: Int
    var settings: DatasetSettings

    enum CodingKeys: String, CodingKey { case count }

    init(from decoder: any Decoder) throws {
      count = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .count)
      settings = try DatasetSettings(from: decoder)
    }
  }
}
