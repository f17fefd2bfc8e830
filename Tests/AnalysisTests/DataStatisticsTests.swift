import Analysis
import Coco
import Data
import Imaging
import TestSupport
import Testing

@Suite("statistics of data sets")
struct DataStatisticsTests {
  private func annotation(
    _ id: Int, _ image: Int, _ category: Int, _ box: [Double], area: Double? = nil, isCrowd: Bool = false
  ) -> CocoAnnotations.Annotation {
    CocoAnnotations.Annotation(
      id: id, imageID: image, categoryID: category, boundingBox: (box[0], box[1], box[2], box[3]),
      area: area ?? box[2] * box[3], isCrowd: isCrowd)
  }

  private func statistics() throws -> InstanceStatistics {
    let annotations = try CocoAnnotations(
      file: "a.json",
      images: (1...4).map { CocoAnnotations.Image(id: $0, fileName: "\($0)", height: 200, width: 300) },
      annotations: [
        // IoU 0.8 with the next, of another class; 0.6 of one class.
        annotation(1, 1, 1, [0, 0, 10, 10]), annotation(2, 1, 2, [0, 0, 10, 8]),
        annotation(3, 1, 1, [0, 0, 10, 6]), annotation(4, 1, 1, [9, 9, 40, 10]),
        annotation(5, 2, 1, [0, 0, 100, 100]), annotation(6, 2, 2, [0, 0, 32, 32]),
        annotation(7, 2, 2, [0, 0, 96, 96], area: 9215), annotation(8, 2, 2, [0, 0, 10, 10], isCrowd: true),
        // Of an image that takes no part.
        annotation(9, 4, 1, [0, 0, 10, 10]),
      ],
      categories: [.init(id: 1, name: "cat"), .init(id: 2, name: "dog"), .init(id: 3, name: "owl")])
    return InstanceStatistics(
      InstanceTruth(annotations: annotations, categoryIDs: [2, 1, 3], imageIDs: [1, 2, 3]))
  }

  @Test("objects by class, by COCO's sizes, by image; crowds apart, other images not at all")
  func instances() throws {
    let found = try statistics()
    #expect(found.classes.map(\.name) == ["dog", "cat", "owl"])
    #expect(found.classes.map(\.objects) == [3, 4, 0] && found.classes.map(\.images) == [2, 2, 0])
    #expect(found.classes.map(\.small) == [1, 3, 0] && found.classes.map(\.medium) == [2, 0, 0])
    #expect(found.classes.map(\.large) == [0, 1, 0] && found.classes.map(\.crowds) == [1, 0, 0])
    #expect(found.all.objects == 7 && found.all.images == 2 && found.emptyImages == 1)
    #expect(found.objectsPerImage == Spread([0, 3, 4]) && found.objectsPerImage.mean == 7.0 / 3)
  }

  @Test("overlaps are those of boxes of one image, counted by object")
  func overlaps() throws {
    let overlap = try statistics().overlap
    // 1, 2 and 3 of the first image; 5 and 7 (0.92) of the second.
    #expect(overlap.above50 == 5.0 / 7 && overlap.above75 == 4.0 / 7 + 0)
    #expect(overlap.ofClassAbove50 == 2.0 / 7 && overlap.ofClassAbove75 == 0)
  }

  @Test("nothing gives zeros")
  func nothing() throws {
    let empty = try CocoAnnotations(file: "", images: [], annotations: [], categories: [])
    let found = InstanceStatistics(InstanceTruth(annotations: empty, categoryIDs: [], imageIDs: []))
    #expect(found.all.objects == 0 && found.overlap.above50 == 0 && found.aspect == Spread([]))
    #expect(Spread([3, 1, 2, 9]).median == 2 && Spread([5]).mean == 5)
  }

  @Test("label maps: pixels and images by class, what is ignored, what is no class")
  func labelMaps() throws {
    let folder = try TemporaryFolder()
    let files = try [[0, 0, 1, 255], [1, 1, 1, 7], [0, 0, 0, 255]].enumerated().map { number, pixels in
      try folder.write(
        try LabelMap(height: 2, width: 2, pixels: pixels.map(Int32.init)).encodedPNG(), as: "\(number).png")
    }
    let meaning = LabelMeaning(classCount: 3)
    let found = try LabelMapStatistics(files.map { ($0, meaning) }, classes: ["a", "b", "c"])
    #expect(found.classes.map(\.pixels) == [5, 4, 0] && found.classes.map(\.images) == [2, 2, 0])
    #expect(found.ignoredPixels == 2 && found.ignoredShare == 2.0 / 12 && found.strayPixels == 1)
    #expect(found.classes[0].share == 5.0 / 9)
    try folder.write(Array("no picture".utf8), as: "1.png")
    #expect(throws: ImagingError.self) { try LabelMapStatistics(files.map { ($0, meaning) }, classes: ["a"]) }
  }

  @Test("anchors: each box counts for the nearest, and is reached from the assigner's IoU on")
  func anchors() {
    let settings = AnchorStudy.Settings(scales: [8], ratios: [1], strides: [4, 16])
    // 32 and 128 pixels; the second box has an IoU of 0.766 with the first anchor, the third of 0.25.
    let reach = AnchorReach(
      settings,
      boxes: [BoxSides(32, 32), BoxSides(28, 28), BoxSides(16, 16), BoxSides(120, 130), BoxSides(0, 3)],
      images: 2)
    #expect(reach.boxes == 4 && reach.reached == 0.75 && reach.reachedAtLeast == 0.75)
    #expect(reach.anchors.map(\.boxes) == [3, 1] && reach.anchors.map(\.stride) == [4, 16])
    #expect(reach.sizes.map(\.boxes) == [2, 1, 1] && reach.sizes.map(\.reached) == [0.5, 1, 1])
    #expect(AnchorReach(settings, boxes: [], images: 0).text().contains("0 boxes"))
  }
}
