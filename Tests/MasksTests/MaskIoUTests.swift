import Foundation
import Masks
import TestSupport
import Testing

/// The overlaps in `coco/masks.json`, between the masks of the cases with the given numbers.
private struct OverlapCase: Decodable {
  struct IoU: Decodable {
    let segm_dt, segm_gt, iscrowd: [Int]
    let segm_iou: [[Double]]
    let bbox_dt, bbox_gt: [[Double]]
    let bbox_iou: [[Double]]
    let union, intersection: String
  }
  let cases: [MaskCases.Case]
  let iou: IoU
}

@Suite("Overlaps of masks and boxes")
struct MaskIoUTests {
  private let golden: OverlapCase
  private let masks: [RunLengthMask]

  init() throws {
    golden = try JSONDecoder().decode(OverlapCase.self, from: MaskCases.load())
    masks = try golden.cases.map { try $0.mask() }
  }

  @Test("masks, with crowds, as pycocotools")
  func masksAsReference() throws {
    let ious = try RunLengthMask.iou(
      golden.iou.segm_dt.map { masks[$0] }, golden.iou.segm_gt.map { masks[$0] },
      isCrowd: golden.iou.iscrowd.map { $0 == 1 })
    #expect(ious == golden.iou.segm_iou.flatMap { $0 })
  }

  @Test("boxes, with crowds, as pycocotools")
  func boxesAsReference() {
    func boxes(_ rows: [[Double]]) -> [CornerBox] { rows.map { ($0[0], $0[1], $0[2], $0[3]) } }
    let ious = boxIoU(
      boxes(golden.iou.bbox_dt), boxes(golden.iou.bbox_gt), isCrowd: golden.iou.iscrowd.map { $0 == 1 })
    #expect(ious == golden.iou.bbox_iou.flatMap { $0 })
  }

  @Test("union of the four, intersection of the first two")
  func merging() throws {
    let four = golden.iou.segm_dt.map { masks[$0] }
    #expect(try RunLengthMask.union(four).compressed == golden.iou.union)
    #expect(try RunLengthMask.intersection(Array(four[0..<2])).compressed == golden.iou.intersection)
  }

  @Test("masks without an object overlap nothing")
  func empty() throws {
    let none = RunLengthMask(Bitmap(height: 4, width: 5))
    let all = RunLengthMask(Bitmap(height: 4, width: 5, pixels: [UInt8](repeating: 1, count: 20)))
    #expect(try RunLengthMask.iou([none, all], [none, all], isCrowd: [true, false]) == [0, 0, 0, 1])
    #expect(try RunLengthMask.iou([], [all], isCrowd: [false]) == [])
  }

  @Test("masks of different sizes are refused")
  func sizes() {
    let a = RunLengthMask(Bitmap(height: 4, width: 5))
    let b = RunLengthMask(Bitmap(height: 5, width: 4))
    let error = MaskError.sizesDiffer(height: 4, width: 5, otherHeight: 5, otherWidth: 4)
    #expect(throws: error) { try RunLengthMask.iou([a], [b], isCrowd: [false]) }
    #expect(throws: error) { try RunLengthMask.union([a, b]) }
    #expect(throws: MaskError.noPolygon) { try RunLengthMask.intersection([]) }
  }
}
