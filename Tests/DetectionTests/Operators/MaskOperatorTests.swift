import Detection
import Imaging
import Masks
import Testing

@Suite("Masks between boxes and images")
struct MaskOperatorTests {
  @Test("golden case of pasting")
  func paste() throws {
    let golden = try OperatorCase("paste_masks")
    let boxes = try golden.boxes("input.boxes")
    let probabilities = try golden.floats("input.probs")
    let wanted = try golden.bitmaps("output.masks")
    let size = ImageSize(height: wanted[0].height, width: wanted[0].width)
    let soft = (0..<boxes.count).flatMap {
      pastedProbabilities(
        probabilities[($0 * 784)..<(($0 + 1) * 784)], side: 28, box: boxes[$0], rows: 0..<size.height,
        columns: 0..<size.width)
    }
    expectClose(soft, try golden.floats("output.soft"))
    let pasted = pasteMasks(probabilities, side: 28, boxes: boxes, into: size, threshold: 0.5)
    let differing = zip(pasted, wanted).map { found, wanted in
      zip(found.bitmap.pixels, wanted.pixels).count { $0 != $1 }
    }
    #expect(Double(differing.reduce(0, +)) <= 0.002 * Double(boxes.count * size.height * size.width))
    for mask in pasted { #expect(RunLengthMask(mask) == RunLengthMask(mask.bitmap)) }
  }

  @Test(
    "odd boxes give a mask of the image's size",
    arguments: [
      [5, 5, 5, 5], [5, 5, 5, 9], [-50, -50, -40, -40], [100, 100, 200, 200], [-1e9, -1e9, 1e9, 1e9],
      [9, 9, 2, 2], [.nan, 0, 5, 5], [0, .nan, .nan, .nan], [-.infinity, 0, .infinity, 5],
    ] as [[Float]])
  func oddBoxes(box: [Float]) {
    let masks = pasteMasks(
      [Float](repeating: 1, count: 9), side: 3, boxes: Boxes(box), into: ImageSize(height: 20, width: 30),
      threshold: 0.5)
    let mask = RunLengthMask(masks[0])
    #expect(mask.height == 20 && mask.width == 30 && mask.area <= 600)
  }

  @Test("a full mask fills the pixels whose centres lie in its box")
  func full() {
    let masks = pasteMasks(
      [Float](repeating: 1, count: 784), side: 28, boxes: Boxes([2, 3, 6, 8]),
      into: ImageSize(height: 20, width: 30), threshold: 0.5)
    let box = RunLengthMask(masks[0]).boundingBox
    #expect(box == (2, 3, 4, 5) && RunLengthMask(masks[0]).area == 20)
  }

  @Test("golden case of mask targets")
  func targets() throws {
    let golden = try OperatorCase("mask_target")
    let found = maskTargets(
      for: try golden.boxes("input.boxes"), masks: try golden.bitmaps("input.gt_masks").map { .bitmap($0) },
      assigned: try golden.integers("input.gt_inds"), size: 28)
    #expect(found.map { Int($0) } == (try golden.integers("output.targets")))
    // Of the pixels around the objects alone: the same.
    let windows = try golden.bitmaps("input.gt_masks").map {
      ObjectMask.window(MaskWindow(RunLengthMask($0)))
    }
    #expect(
      found
        == maskTargets(
          for: try golden.boxes("input.boxes"), masks: windows,
          assigned: try golden.integers("input.gt_inds"), size: 28))
  }

  @Test("targets of boxes beyond the image, without area, and of none")
  func oddTargets() throws {
    let masks = [ObjectMask.bitmap(Bitmap(height: 8, width: 8, pixels: [UInt8](repeating: 1, count: 64)))]
    #expect(
      maskTargets(for: Boxes([-9, -9, 99, 99]), masks: masks, assigned: [0], size: 4)
        == [Float](repeating: 1, count: 16))
    #expect(
      maskTargets(for: Boxes([3, 3, 3, 3]), masks: masks, assigned: [0], size: 4)
        == [Float](repeating: 0, count: 16))
    let polygons = [
      ObjectMask.polygons(try PolygonMask(parts: [[0, 0, 8, 0, 8, 8, 0, 8]], height: 8, width: 8)),
      ObjectMask.polygons(try PolygonMask(parts: [], height: 8, width: 8)),
    ]
    #expect(
      maskTargets(for: Boxes([-9, -9, 99, 99, -9, -9, 99, 99]), masks: polygons, assigned: [0, 1], size: 2)
        == [1, 1, 1, 1, 0, 0, 0, 0])
    #expect(maskTargets(for: Boxes(), masks: masks, assigned: [], size: 4) == [])
  }
}
