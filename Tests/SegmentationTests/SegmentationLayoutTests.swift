import Configuration
import Data
import Foundation
import Imaging
import Segmentation
import TestSupport
import Testing

@Suite("Layouts of label map sets")
struct SegmentationLayoutTests {
  private static let pipeline = "pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations}]"

  @Test("ADE20K: 150 classes, .jpg and .png, zero is unlabelled")
  func readsADE20K() throws {
    let folder = try TemporaryFolder()
    for name in ["ADE_train_00000002", "ADE_train_00000001"] {
      try folder.image("images/training/\(name).jpg")
      try folder.labels("annotations/training/\(name).png", [0, 1, 150])
    }
    let set = try SegmentationComponents.dataset(
      "{type: ADE20KDataset, data_root: \(folder.path), data_prefix: {img_path: images/training, "
        + "seg_map_path: annotations/training}, \(Self.pipeline)}")
    #expect(set.count == 2 && set.metainfo.classes.count == 150 && set.metainfo.palette.count == 150)
    #expect(set.metainfo.classes.first == "wall" && set.metainfo.classes.last == "flag")
    #expect(set.metainfo.palette.first == SIMD3(120, 120, 120))
    #expect(try set.sample(at: 0).imagePath.hasSuffix("/ADE_train_00000001.jpg"))
    #expect(try set.load(index: 0, number: 0, seed: 0).labelMap?.pixels == [255, 0, 149])
  }

  @Test("ADE20K with other classes is refused with what to write instead")
  func refusesOtherClasses() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try SegmentationComponents.dataset(
        "{type: ADE20KDataset, data_prefix: {img_path: x}, metainfo: {classes: [wall, sky]}}")
    }
    #expect("\(try #require(error))".contains("type: BaseSegDataset"))
  }

  @Test(
    "Cityscapes and Pascal VOC by mm's names: classes, colours and the names of files",
    arguments: [
      ("CityscapesDataset", "aachen/a_leftImg8bit.png", "aachen/a_gtFine_labelTrainIds.png", 19, "bicycle"),
      ("PascalVOCDataset", "a.jpg", "a.png", 21, "tvmonitor"),
    ])
  func readsBenchmarks(type: String, image: String, map: String, count: Int, last: String) throws {
    let folder = try TemporaryFolder()
    try folder.image("x/\(image)")
    try folder.labels("y/\(map)", [0, 18, 255])
    let set = try SegmentationComponents.dataset(
      "{type: \(type), data_root: \(folder.path), data_prefix: {img_path: x, seg_map_path: y}, "
        + "\(Self.pipeline)}")
    #expect(set.count == 1 && set.metainfo.classes.count == count && set.metainfo.palette.count == count)
    #expect(set.metainfo.classes.last == last && Set(set.metainfo.palette).count == count)
    #expect(try set.load(index: 0, number: 0, seed: 0).labelMap?.pixels == [0, 18, 255])
    let error = #expect(throws: ConfigurationError.self) {
      try SegmentationComponents.dataset(
        "{type: \(type), data_prefix: {img_path: x}, metainfo: {classes: [road]}}")
    }
    #expect(error?.description.contains("\(type) has its own \(count) classes") == true)
  }

  /// The data sets of a shipped config, on files below a folder; pipelines only load.
  private func datasets(_ name: String, _ folder: TemporaryFolder) throws -> [any Dataset] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("configs/_base_/datasets/\(name).yaml").path
    let node = try ConfigurationNode.load(file: file, overrides: ["data_root=\(folder.path)"])
    let configuration = try ExperimentConfiguration(node)
    let components = SegmentationComponents.all
    let steps = try ConfigurationNode.parse(
      "[{type: LoadImageFromFile}, {type: LoadAnnotations}]", file: "test.yaml")
    return try [configuration.trainDataloader, configuration.valDataloader].compactMap { $0 }.map { loader in
      let dataset = try ComponentConfiguration(loader.dataset.node.setting("pipeline", to: steps))
      return try components.data.datasets.build(
        dataset, scope: "mmseg", in: DataContext(scope: "mmseg", components: components.data))
    }
  }

  @Test("Pascal VOC: lists of names, label maps with a palette, borders 255")
  func readsVOC() throws {
    let folder = try TemporaryFolder()
    for name in ["2007_000032", "2007_000039", "2007_000063"] { try folder.image("JPEGImages/\(name).jpg") }
    for name in ["2007_000032", "2007_000039"] {
      try folder.labels("SegmentationClass/\(name).png", [0, 20, 255])
    }
    try folder.write(Array("2007_000039\n".utf8), as: "ImageSets/Segmentation/train.txt")
    try folder.write(Array("2007_000032\n".utf8), as: "ImageSets/Segmentation/val.txt")
    let sets = try datasets("voc", folder)
    #expect(sets.map(\.count) == [1, 1] && sets.map(\.isTest) == [false, true])
    #expect(sets[0].metainfo.classes.count == 21 && sets[0].metainfo.palette.count == 21)
    #expect(try sets[0].sample(at: 0).imagePath.hasSuffix("JPEGImages/2007_000039.jpg"))
    #expect(try sets[1].load(index: 0, number: 0, seed: 0).labelMap?.pixels == [0, 20, 255])
  }

  @Test("Cityscapes: a folder a city, suffixes longer than an extension, other files beside")
  func readsCityscapes() throws {
    let folder = try TemporaryFolder()
    for (split, city) in [("train", "aachen"), ("train", "bochum"), ("val", "munster")] {
      let stem = "\(split)/\(city)/\(city)_000000_000019"
      try folder.image("leftImg8bit/\(stem)_leftImg8bit.png")
      try folder.labels("gtFine/\(stem)_gtFine_labelTrainIds.png", [0, 18, 255])
      try folder.labels("gtFine/\(stem)_gtFine_labelIds.png", [7, 33, 0])
      try folder.image("leftImg8bit/\(split)/\(city)/._hidden_leftImg8bit.png")
    }
    let sets = try datasets("cityscapes", folder)
    #expect(sets.map(\.count) == [2, 1] && sets[0].metainfo.classes.count == 19)
    #expect(
      try sets[0].sample(at: 1).labelMapPath == "\(folder.path)/gtFine/train/bochum/bochum_000000_000019"
        + "_gtFine_labelTrainIds.png")
    #expect(try sets[1].load(index: 0, number: 0, seed: 0).labelMap?.pixels == [0, 18, 255])
  }

  @Test("images without label maps stop the start, unless they are skipped or no labels are asked for")
  func requiresLabelMaps() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b", "c"] { try folder.image("images/\(name).jpg") }
    try folder.labels("labels/b.png")
    func build(_ prefix: String, _ more: String = "") throws -> any Dataset {
      try SegmentationComponents.dataset(
        "{type: BaseSegDataset, data_root: \(folder.path), data_prefix: {\(prefix)}, "
          + "metainfo: {classes: [x, y, z]}\(more)}")
    }
    let error = #expect(throws: DataError.self) { try build("img_path: images, seg_map_path: labels") }
    let message = try #require(error).description
    #expect(
      message.contains("2 of 3 images have no label map") && message.contains("labels/a.png"), "\(message)")
    #expect(try build("img_path: images").count == 3)
    #expect(try build("img_path: images, seg_map_path: labels", ", on_broken_image: skip").count == 3)
    let missing = #expect(throws: DataError.self) { try build("img_path: images, seg_map_path: nowhere") }
    #expect(try #require(missing).description.contains("no such folder of label maps"))
  }
}
