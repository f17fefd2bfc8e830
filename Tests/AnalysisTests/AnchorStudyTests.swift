import Analysis
import Testing

@Suite("anchors of a data set")
struct AnchorStudyTests {
  private let current = AnchorStudy.Settings(scales: [8], ratios: [0.5, 1, 2], strides: [4, 8])

  @Test("an anchor's size is that of the generator: ratio is height over width")
  func anchors() {
    let anchors = AnchorStudy.Settings(scales: [2], ratios: [4], strides: [8]).anchors
    #expect(anchors == [BoxSides(8, 32)])
  }

  @Test("k-means finds the shapes that are there, smallest first, and no more than there are")
  func clusters() {
    let boxes = [BoxSides(10, 20), BoxSides(11, 21), BoxSides(100, 50), BoxSides(102, 52), BoxSides(0, 5)]
    let shapes = AnchorFit.clusters(boxes, count: 2)
    #expect(shapes == [BoxSides(10.5, 20.5), BoxSides(101, 51)])
    #expect(AnchorFit(shapes, to: boxes.dropLast()).above70 == 1)
    #expect(AnchorFit.clusters(boxes, count: 9).count == 4)
    #expect(AnchorFit.clusters([], count: 3).isEmpty && AnchorFit.clusters(boxes, count: 0).isEmpty)
    #expect(AnchorFit([], to: boxes).meanIoU == 0 && AnchorFit(shapes, to: []).meanIoU == 0)
  }

  @Test("fitted settings are no worse than the config's, and right where they can be")
  func fitted() {
    let flat = (0..<50).map { (index: Int) -> BoxSides in
      BoxSides(Double(60 + index % 5), Double(12 + index % 3))
    }
    let study = AnchorStudy(current, boxes: flat, images: 5)
    #expect(study.fitted.fit.meanIoU > study.current.fit.meanIoU + 0.1)
    #expect(study.fitted.settings.ratios.allSatisfy { $0 < 0.3 } && study.fitted.settings.strides == [4, 8])
    #expect(study.shapesFit.meanIoU >= study.fitted.fit.meanIoU)
    #expect(study.text().contains("anchor_generator.scales=["))
    // Boxes that are the config's anchors.
    let same = AnchorStudy(current, boxes: current.anchors, images: 1)
    #expect(same.fitted.settings == current && same.text().contains("nothing fits better"))
    #expect(AnchorStudy(current, boxes: [], images: 0).text().contains("0 boxes"))
  }
}
