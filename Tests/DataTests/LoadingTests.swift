import Imaging
import Masks
import TestSupport
import Testing

import Data

@Suite("Loading")
struct LoadingTests {
  private func sample(_ annotations: [InstanceAnnotation], _ folder: TemporaryFolder) throws -> Sample {
    let path = folder.path + "/image.png"
    try Image(height: 4, width: 5, colour: [1, 2, 3]).writePNG(to: path)
    return Sample(imagePath: path, annotations: annotations)
  }

  private let square = MaskAnnotation.polygons([[1, 1, 3, 1, 3, 3, 1, 3]])

  @Test("gives the image its true sizes")
  func loadsImages() throws {
    let folder = try TemporaryFolder()
    let loaded = try #require(try pipeline("{type: LoadImageFromFile}")(sample([], folder), seed: 0))
    #expect(loaded.image == Image(height: 4, width: 5, colour: [1, 2, 3]))
    #expect(loaded.size == ImageSize(height: 4, width: 5) && loaded.originalSize == loaded.size)
  }

  @Test("stops when the annotations are for another size")
  func comparesSizes() throws {
    let folder = try TemporaryFolder()
    var sample = try sample([], folder)
    sample.originalSize = ImageSize(height: 5, width: 4)
    let error = #expect(throws: DataError.self) { try pipeline("{type: LoadImageFromFile}")(sample, seed: 0) }
    let message = try #require(error).description
    #expect(message.hasPrefix(sample.imagePath) && message.contains("5 x 4") && message.contains("4 x 5"))
  }

  @Test("mixes polygons, runs and compressed runs")
  func loadsMasks() throws {
    let folder = try TemporaryFolder()
    let mask = try RunLengthMask(polygons: [[1, 1, 3, 1, 3, 3, 1, 3]], height: 4, width: 5)
    let forms: [MaskAnnotation] = [
      square, .runs(mask.counts.map { Int($0) }, height: 4, width: 5),
      .compressedRuns(mask.compressed, height: 4, width: 5),
    ]
    let sample = try sample(
      forms.enumerated().map {
        InstanceAnnotation(box: SIMD4(1, 1, 3, 3), label: $0, isIgnored: $0 == 1, mask: $1)
      },
      folder)
    let loaded = try #require(
      try pipeline("{type: LoadImageFromFile}", "{type: LoadAnnotations, with_mask: true}")(sample, seed: 0))
    let instances = try #require(loaded.instances)
    #expect(instances.masks == [ObjectMask](repeating: .bitmap(mask.bitmap), count: 3))
    #expect(instances.labels == [0, 1, 2] && instances.isIgnored == [false, true, false])
    #expect(instances.boxes[0] == SIMD4(1, 1, 3, 3))
  }

  @Test("keeps polygons as outlines where poly2mask is false, beside run lengths and crowds")
  func keepsPolygons() throws {
    let folder = try TemporaryFolder()
    let corners: [Double] = [1, 1, 3, 1, 3, 3, 1, 3]
    let mask = try RunLengthMask(polygons: [corners], height: 4, width: 5)
    let forms: [MaskAnnotation] = [
      .polygons([corners, [0, 0, 1, 1]]), .runs(mask.counts.map { Int($0) }, height: 4, width: 5),
      .polygons([]),
    ]
    let sample = try sample(
      forms.enumerated().map {
        InstanceAnnotation(box: SIMD4(1, 1, 3, 3), label: $0, isIgnored: $0 == 1, mask: $1)
      },
      folder)
    let steps = try pipeline(
      "{type: LoadImageFromFile}", "{type: LoadAnnotations, with_mask: true, poly2mask: false}")
    let instances = try #require(try steps(sample, seed: 0)?.instances)
    #expect(
      instances.masks == [
        .polygons(try PolygonMask(parts: [corners], height: 4, width: 5)), .bitmap(mask.bitmap),
        .polygons(try PolygonMask(parts: [], height: 4, width: 5)),
      ])
    #expect(instances.isIgnored == [false, true, true])
    #expect(instances.masks?.map(\.bitmap.area) == [mask.area, mask.area, 0])
  }

  @Test(
    "ignores objects without a usable mask where masks are wanted",
    arguments: [
      nil, .polygons([]), .polygons([[1, 1, 2, 2]]), .polygons([[1, 1, 2, 2, 3, 3, 4]]),
    ] as [MaskAnnotation?])
  func ignoresMissingMasks(mask: MaskAnnotation?) throws {
    let folder = try TemporaryFolder()
    let sample = try sample([InstanceAnnotation(box: SIMD4(1, 1, 3, 3), label: 0, mask: mask)], folder)
    let load = "{type: LoadImageFromFile}"
    let boxes = try #require(try pipeline(load, "{type: LoadAnnotations}")(sample, seed: 0)?.instances)
    #expect(boxes.isIgnored == [false] && boxes.masks == nil)
    let masks = try #require(
      try pipeline(load, "{type: LoadAnnotations, with_mask: true}")(sample, seed: 0)?.instances)
    #expect(masks.isIgnored == [true] && masks.masks == [.bitmap(Bitmap(height: 4, width: 5))])
  }

  @Test(
    "names the image of a mask that does not fit",
    arguments: [
      .runs([0, 7], height: 4, width: 5), .runs([20], height: 5, width: 4),
      .compressedRuns("!", height: 4, width: 5),
    ] as [MaskAnnotation])
  func refusesMasks(mask: MaskAnnotation) throws {
    let folder = try TemporaryFolder()
    let sample = try sample([InstanceAnnotation(box: SIMD4(1, 1, 3, 3), label: 0, mask: mask)], folder)
    let steps = try pipeline("{type: LoadImageFromFile}", "{type: LoadAnnotations, with_mask: true}")
    let error = #expect(throws: DataError.self) { try steps(sample, seed: 0) }
    #expect(try #require(error).description.hasPrefix("\(sample.imagePath): object 1 of its annotations: "))
  }

  @Test(
    "reduces the zero label where the data set says so",
    arguments: [
      (true, [255, 0, 1, 149, 255, 255]), (false, [0, 1, 2, 150, 255, 0]),
    ] as [(Bool, [Int32])])
  func reducesZero(reduces: Bool, expected: [Int32]) throws {
    let folder = try TemporaryFolder()
    var sample = Sample(
      imagePath: "x.png", labelMapPath: folder.path + "/labels.png",
      labels: LabelMeaning(reducesZeroLabel: reduces))
    sample.originalSize = ImageSize(height: 2, width: 3)
    try LabelMap(height: 2, width: 3, pixels: [0, 1, 2, 150, 255, 0]).writePNG(
      to: folder.path + "/labels.png")
    let steps = try pipeline(scope: "mmseg", "{type: LoadAnnotations}")
    #expect(try steps(sample, seed: 0)?.labelMap?.pixels == expected)
    let other = try pipeline(scope: "mmseg", "{type: LoadAnnotations, reduce_zero_label: \(!reduces)}")
    let error = #expect(throws: DataError.self) { try other(sample, seed: 0) }
    #expect(try #require(error).description.contains("set it in the data set only"))
  }

  @Test("stops when a label map has another size than its image")
  func comparesLabelSizes() throws {
    let folder = try TemporaryFolder()
    var sample = try sample([], folder)
    sample.labelMapPath = folder.path + "/labels.png"
    try LabelMap(height: 5, width: 4, pixels: [Int32](repeating: 0, count: 20)).writePNG(
      to: folder.path + "/labels.png")
    let steps = try pipeline(scope: "mmseg", "{type: LoadImageFromFile}", "{type: LoadAnnotations}")
    let error = #expect(throws: DataError.self) { try steps(sample, seed: 0) }
    let message = try #require(error).description
    #expect(
      message.contains("has 4 x 5 pixels") && message.contains("has 5 x 4")
        && message.contains(sample.imagePath))
  }

  @Test("asks for what a step needs")
  func asksForSteps() throws {
    let sample = Sample(imagePath: "x.png")
    let pack = #expect(throws: DataError.self) { try pipeline("{type: PackDetInputs}")(sample, seed: 0) }
    #expect(try #require(pack).description.contains("LoadImageFromFile"))
    let labels = #expect(throws: DataError.self) {
      try pipeline("{type: mmseg.LoadAnnotations}")(sample, seed: 0)
    }
    #expect(try #require(labels).description.contains("seg_map_path"))
  }
}
