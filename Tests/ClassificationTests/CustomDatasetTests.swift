import Classification
import Configuration
import Data
import Foundation
import Imaging
import Modeling
import TestSupport
import Testing

@Suite("pictures with a class each")
struct CustomDatasetTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Pictures of one colour each, so that no two files are the same.
  private func draw(_ names: [String]) throws {
    for (number, name) in names.enumerated() {
      try folder.write([], as: name)
      try Image(height: 2, width: 3 + number, colour: [UInt8(number), 9, 9])
        .writePNG(to: "\(folder.path)/\(name)")
    }
  }

  private func configuration(_ keys: String, type: String = "CustomDataset") throws -> ComponentConfiguration
  {
    try ConfigurationNode.parse(
      "{type: \(type), data_root: \"\(folder.path)\"\(keys.isEmpty ? "" : ", " + keys)}", file: "a.yaml"
    ).decode(ComponentConfiguration.self)
  }

  private var components: Components {
    var components = Components()
    components.addClassification()
    return components
  }

  private var context: DataContext { DataContext(scope: nil, components: components.data) }

  private func open(_ keys: String, type: String = "CustomDataset") throws -> any Dataset {
    try components.data.datasets.build(try configuration(keys, type: type), scope: nil, in: context)
  }

  private func inventory(_ keys: String) throws -> DatasetInventory {
    try components.data.inventories.build(try configuration(keys), scope: nil, in: context)
  }

  /// The pictures and their classes, as `name class`.
  private func pictures(_ dataset: any Dataset) throws -> [String] {
    try (0..<dataset.count).map { index in
      let sample = try dataset.sample(at: index)
      #expect(sample.imageID == index)
      let name = sample.imagePath.replacingOccurrences(of: folder.path + "/", with: "")
      return "\(name) \(sample.classLabel.map { "\($0)" } ?? "-")"
    }
  }

  private func message(_ keys: String, type: String = "CustomDataset") -> String {
    do {
      _ = try open(keys, type: type)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test("are found in class folders and below, by the bytes of their names, hidden ones left out")
  func folders() throws {
    try draw(["t/b/2.png", "t/b/10.PNG", "t/B/x.png", "t/é/deep/y.png", "t/b/.hidden.png", "t/.h/z.png"])
    try folder.write([1], as: "t/b/notes.txt")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/t/é/again", withDestinationPath: "\(folder.path)/t/é")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/t/b/link.png", withDestinationPath: "\(folder.path)/t/B/x.png")
    let dataset = try open("data_prefix: t")
    #expect(dataset.metainfo.classes == ["B", "b", "é"])
    #expect(
      try pictures(dataset) == [
        "t/B/x.png 0", "t/b/10.PNG 1", "t/b/2.png 1", "t/b/link.png 1", "t/é/deep/y.png 2",
      ])
    #expect(dataset.warnings.isEmpty)
    #expect(try dataset.size(at: 0) == ImageSize(height: 2, width: 5))
    #expect(try dataset.sample(at: 0).originalSize.height == 0, "loading tells the size")
    let prefix = try open("data_prefix: {img_path: t}, indices: [4, 0], lazy_init: false")
    #expect(try pictures(prefix) == ["t/é/deep/y.png 2", "t/B/x.png 0"])
    #expect(try pictures(open("data_prefix: t, extensions: [txt]")) == ["t/b/notes.txt 1"])
    #expect(try pictures(open("data_prefix: t/b, with_label: false")).first == "t/b/10.PNG -")
  }

  @Test(
    "have the classes that the config names, by the folders' names",
    arguments: [
      ("", ["ant", "bee", "cow"], [0, 1, 2]),
      ("metainfo: {classes: [cow, ant, bee]}", ["cow", "ant", "bee"], [0, 1, 2]),
      ("classes: [bee, cow]", ["bee", "cow"], [0, 1]),
      ("classes: names.txt", ["cow", "bee", "ant"], [0, 1, 2]),
      ("classes: long.txt", ["a small ant", "a cow"], [0, 1]),
    ])
  func classes(keys: String, classes: [String], labels: [Int]) throws {
    try draw(["ant/1.png", "bee/1.png", "cow/1.png"])
    try folder.write(Array("cow\r\nbee\n\nant\n".utf8), as: "names.txt")
    try folder.write(Array("ant a small ant\ncow a cow\n".utf8), as: "long.txt")
    let dataset = try open(keys)
    #expect(dataset.metainfo.classes == classes)
    #expect(try (0..<dataset.count).map { try dataset.sample(at: $0).classLabel } == labels)
    #expect(dataset.warnings.count == (classes.count < 3 ? 1 : 0))
  }

  @Test("are listed in a file, with class numbers or without")
  func lists() throws {
    try draw(["x/a b.png", "x/2.png"])
    try folder.write(Array("x/a b.png 1\nx/2.png 0\n".utf8), as: "list.txt")
    #expect(try pictures(open("ann_file: list.txt, classes: [p, q]")) == ["x/a b.png 1", "x/2.png 0"])
    let numbers = try open("ann_file: list.txt")
    #expect(numbers.metainfo.classes == ["0", "1"], "one folder for both says nothing")
    try folder.write(Array("p/1.png 1\nq/2.png 0\n".utf8), as: "folders.txt")
    #expect(try open("ann_file: folders.txt").metainfo.classes == ["q", "p"])
    let empty = try open("ann_file: list.txt, classes: [p, q, r]")
    #expect(empty.warnings.first?.contains("1 of 3 classes: r") == true)
    try folder.write(Array("a b.png\n2.png\n".utf8), as: "names.txt")
    #expect(
      try pictures(open("ann_file: names.txt, data_prefix: x, with_label: false")) == [
        "x/a b.png -", "x/2.png -",
      ])
  }

  @Test("are ImageNet's where it has them, as folders or with lists")
  func imageNet() throws {
    try draw(["train/n00000002/1.JPEG.png", "train/n00000001/2.png", "val/7.png", "val/8.png"])
    let train = try open("split: train", type: "ImageNet")
    #expect(train.metainfo.classes == ["n00000001", "n00000002"])
    #expect(
      try open("split: train, classes: [tench, \"goldfish, carp\"]", type: "ImageNet").metainfo.classes.first
        == "tench")
    #expect(message("split: val", type: "ImageNet").contains("holds no class folders, but 2 pictures"))
    try folder.write(Array("7.png 1\n8.png 0\n".utf8), as: "meta/val.txt")
    let val = try open("split: val", type: "ImageNet")
    #expect(try pictures(val) == ["val/7.png 1", "val/8.png 0"])
    #expect(val.metainfo.classes == train.metainfo.classes)
    #expect(message("split: test", type: "ImageNet").contains("split"))
  }

  @Test(
    "that do not fit are refused, with what was found",
    arguments: [
      ("data_prefix: nowhere", "no such file or folder"), ("data_prefix: t/ant", "holds no class folders"),
      ("data_prefix: t, extensions: [gif]", ".gif were looked for, and 2 end in .png"),
      ("data_prefix: t, classes: [ant, dog]", "has no folder dog"),
      ("data_prefix: t, classes: [ant, dog]", "folders: ant, bee"),
      ("data_prefix: t, classes: [ant, ant]", "each once"), ("data_prefix: t, extensions: []", "extensions"),
      ("data_prefix: t, classes: [ant], metainfo: {classes: [ant]}", "exclude each other"),
      ("data_prefix: t, classes: twice.txt", "line 3: ant is the name of line 1"),
      ("data_prefix: t, classes: none.txt", "no such file"),
      ("data_prefix: t, indices: 0", "0 of 2 pictures"),
      ("ann_file: none.txt", "no such file"), ("ann_file: empty.txt", "is empty"),
      ("ann_file: words.txt", "line 2: \"t/ant/2.png two\" does not end in a class number"),
      ("ann_file: minus.txt", "does not end in a class number"),
      ("ann_file: many.txt, classes: [a, b]", "line 1: class 2, but there are 2, 0 ... 1"),
      ("ann_file: many.txt, lazy: true", "lazy"),
    ])
  func refused(keys: String, text: String) throws {
    try draw(["t/ant/1.png", "t/bee/2.png"])
    for (name, text) in [
      ("twice.txt", "ant\nbee\nant\n"), ("empty.txt", "\n"),
      ("words.txt", "t/ant/1.png 0\nt/ant/2.png two\n"),
      ("minus.txt", "a.png -1\n"), ("many.txt", "a.png 2\n"),
    ] { try folder.write(Array(text.utf8), as: name) }
    #expect(message(keys).contains(text), "\(message(keys))")
  }

  @Test("are known to prediction by the config alone")
  func outline() throws {
    #expect(try context.outline(of: configuration("data_prefix: nowhere")).classes == nil)
    #expect(try context.outline(of: configuration("classes: [a, b]")).classes == ["a", "b"])
    #expect(try context.outline(of: configuration("classes: names.txt")).classes == nil)
    #expect(
      try context.outline(of: configuration("metainfo: {classes: [a]}, split: val", type: "ImageNet")).classes
        == ["a"])
  }

  @Test("are checked for the same files, empty classes and doubles")
  func checked() throws {
    try draw(["ant/1.png", "ant/2.png", "bee/3.png", "cow/notes.png"])
    let manager = FileManager.default
    try manager.copyItem(atPath: "\(folder.path)/ant/1.png", toPath: "\(folder.path)/ant/9.png")
    try manager.copyItem(atPath: "\(folder.path)/ant/2.png", toPath: "\(folder.path)/bee/9.png")
    try manager.removeItem(atPath: "\(folder.path)/cow/notes.png")
    let found = try inventory("")
    #expect(found.samples.count == 5 && found.annotationCount == 5 && found.classes == ["ant", "bee", "cow"])
    #expect(
      Set(found.faults.map { "\($0.kind) \($0.severity)" }) == [
        "empty_class note", "same_picture_in_two_classes error", "same_picture_twice note",
      ])
    try folder.write(Array("ant/1.png 0\nant/1.png 1\n".utf8), as: "list.txt")
    let listed = try inventory("ann_file: list.txt, classes: [p, q]")
    #expect(listed.faults.first?.message == "lists ant/1.png more than once, as p and as q")
    #expect(listed.samples.count == 1)
  }

  @Test("of a data set without classes have none, and broken ones may be passed over")
  func broken() throws {
    try draw(["ant/1.png", "bee/1.png"])
    try folder.write([1, 2, 3], as: "ant/0.png")
    let pipeline = "pipeline: [{type: LoadImageFromFile}, {type: PackInputs}]"
    let strict = try open(pipeline)
    #expect(throws: (any Error).self) { try strict.load(index: 0, number: 0, seed: 1) }
    let lenient = try open("on_broken_image: skip, \(pipeline)")
    #expect(try lenient.load(index: 0, number: 0, seed: 1).skipped.count >= 1)
  }
}
