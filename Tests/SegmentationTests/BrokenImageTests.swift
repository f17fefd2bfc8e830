import Configuration
import Data
import Foundation
import Imaging
import Tensors
import TestSupport
import Testing

@Suite("Broken images and label maps in training")
struct BrokenImageTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["a", "b", "c", "d"] {
      try folder.image("images/\(name).png")
      try folder.labels("labels/\(name).png")
    }
    try folder.write(Array("no picture".utf8), as: "images/b.png")
    try folder.write(Array("no label map".utf8), as: "labels/c.png")
  }

  private func dataset(_ keys: String) throws -> any Dataset {
    try SegmentationComponents.dataset(
      "{type: BaseSegDataset, data_root: \(folder.path), img_suffix: .png, "
        + "data_prefix: {img_path: images, seg_map_path: labels}, metainfo: {classes: [x, y, z]}, "
        + "pipeline: [{type: LoadImageFromFile}, {type: LoadAnnotations}]\(keys)}")
  }

  @Test("stop the run with the file's name", arguments: [(1, "images/b.png"), (2, "labels/c.png")])
  func stops(index: Int, file: String) throws {
    let set = try dataset("")
    let error = #expect(throws: ImagingError.self) { try set.load(index: index, number: 0, seed: 0) }
    #expect(try #require(error).description.hasPrefix("\(folder.path)/\(file): a text file"))
  }

  @Test("are replaced under on_broken_image: skip by others, the same ones each time, and counted")
  func skips() throws {
    let set = try dataset(", on_broken_image: skip")
    func pass() throws -> [Sample] { try (0..<4).map { try set.load(index: $0, number: $0, seed: 3) } }
    let samples = try pass()
    #expect(samples.map(\.skipped.isEmpty) == [true, false, false, true])
    #expect(samples.allSatisfy { [0, 3].contains($0.index) && $0.labelMap != nil })
    #expect(try pass().map(\.index) == samples.map(\.index))
    var faults = ImageFaults()
    #expect(faults.report().isEmpty)
    faults.add(samples)
    let report = faults.report()
    #expect(report.count == 1)
    #expect(
      report[0].contains("skipped 2 broken files") && report[0].contains("\(folder.path)/images/b.png"),
      "\(report)")
    #expect(faults.report().isEmpty)
  }

  @Test("that decode in doubt are used, and told of once")
  func tellsDoubts() throws {
    var jpeg = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Golden.path("image/s444.jpg"))))
    jpeg.insert(contentsOf: [1, 2, 3, 4, 5], at: jpeg.count - 2)
    try folder.write(jpeg, as: "images/a.png")
    let path = "\(folder.path)/images/a.png"
    var random = RandomGenerator(seed: 0, purpose: .augmentation(stage: 0))
    let loaded = try LoadImageFromFile()(Sample(imagePath: path), random: &random)
    let sample = try #require(loaded)
    let doubt = try #require(sample.doubt)
    #expect(doubt.file == path && doubt.message.contains("pixels may be wrong"))
    var faults = ImageFaults()
    faults.add([sample, sample])
    let report = faults.report()
    #expect(report.count == 1 && report[0].contains("1 damaged image is used"), "\(report)")
    faults.add([sample])
    #expect(faults.report().isEmpty)
  }

  @Test("end the run when there is nothing but broken ones")
  func givesUp() throws {
    try folder.write([], as: "images/a.png")
    try folder.write([], as: "images/d.png")
    let set = try dataset(", on_broken_image: skip")
    let error = #expect(throws: DataError.self) { try set.load(index: 0, number: 0, seed: 0) }
    let message = try #require(error).description
    #expect(message.hasPrefix("1000 images") && message.contains("images/a.png: an empty file"), "\(message)")
  }

  @Test("cannot be skipped in a test")
  func refusesTests() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try dataset(", on_broken_image: skip, test_mode: true")
    }
    #expect("\(try #require(error))".contains("on_broken_image: a test needs every image"))
  }

  @Test("of ignored pixels only have a loss of 0, and are no error")
  func ignoredOnly() throws {
    try folder.labels("labels/a.png", [255, 255, 255])
    let sample = try dataset("").load(index: 0, number: 0, seed: 0)
    let labels = try #require(sample.labelMap).pixels
    #expect(labels == [255, 255, 255])
    let loss = crossEntropy(
      Tensor([Float](repeating: 1, count: 9), shape: [3, 3]), labels: labels, ignoreIndex: 255)
    #expect(loss.values == [0, 0, 0])
  }

  @Test("with 16-bit numbers over the classes are an error with value and file")
  func refusesWideNumbers() throws {
    try folder.labels("labels/a.png", [0, 1, 300])
    let set = try dataset("")
    let error = #expect(throws: DataError.self) { try set.load(index: 0, number: 0, seed: 0) }
    #expect(
      try #require(error).description.hasPrefix(
        "\(folder.path)/labels/a.png: the number 300 at row 0, column 2 is no class"))
  }
}
