import Masks
import Testing

@Suite("Boxes")
struct BoxesTests {
  let boxes = Boxes([0, 0, 10, 10, 10, 10, 20, 20, 32, 32, 38, 42])

  @Test("IoU and IoF, as mmdet's bbox_overlaps")
  func overlaps() {
    let others = Boxes([0, 0, 10, 20, 0, 10, 10, 19, 10, 10, 20, 20])
    #expect(Boxes.iou(boxes, others) == [0.5, 0, 0, 0, 0, 1, 0, 0, 0])
    #expect(Boxes.iof(boxes, others) == [1, 0, 0, 0, 0, 1, 0, 0, 0])
    #expect(Boxes.iou(Boxes(), others) == [])
  }

  @Test("boxes without area overlap by 0, not by 0 / 0")
  func degenerate() {
    let point = Boxes([3, 3, 3, 3])
    #expect(Boxes.iou(point, point) == [0])
    #expect(Boxes.iof(point, boxes) == [0, 0, 0])
  }

  @Test("scaling, shifting, clipping, mirroring, choosing")
  func moving() {
    let box = Boxes([1, 2, 5, 8])
    #expect(box.scaled(x: 2, y: 0.5).values == [2, 1, 10, 4])
    #expect(box.shifted(x: -3, y: 1).values == [-2, 3, 2, 9])
    #expect(box.shifted(x: -3, y: 1).clipped(width: 1, height: 6).values == [0, 3, 1, 6])
    #expect(box.flippedHorizontally(width: 10).values == [5, 2, 9, 8])
    #expect(box.area(0) == 24)
    #expect(boxes[[2, 0]].values == [32, 32, 38, 42, 0, 0, 10, 10])
  }
}
