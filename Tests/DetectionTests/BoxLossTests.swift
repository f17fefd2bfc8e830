import Configuration
import Detection
import Masks
import Modeling
import Tensors
import TestSupport
import Testing

@Suite("losses of boxes")
struct BoxLossTests {
  private func build(_ text: String) throws -> any BoxLoss {
    let components = TinyDetector.components
    return try components.boxLosses.build(
      DetectionComponents.configuration(text), scope: "mmdet", in: ModelContext(components: components))
  }

  @Test(
    "values by hand, with mm's defaults",
    arguments: [
      // Loss, prediction, target, averaging factor, expected.
      ("{type: L1Loss}", [0, 1, 2, 3], [1, 1, 0, 3], nil, 0.75),
      ("{type: L1Loss, reduction: mean, loss_weight: 2}", [0, 1, 2, 3], [1, 1, 0, 3], 3, 2),
      ("{type: SmoothL1Loss}", [0, 1, 2, 3], [0.5, 1, 0, 3], 1, 0.125 + 1.5),
      ("{type: SmoothL1Loss, beta: 0.5}", [0, 0, 0, 0], [0.5, 0.25, 0, 1], 1, 0.25 + 0.0625 + 0.75),
      ("{type: GIoULoss}", [0, 0, 4, 4], [0, 0, 4, 4], nil, 0),
      // A quarter of the union's 28, in a hull of 36.
      ("{type: GIoULoss}", [0, 0, 4, 4], [2, 2, 6, 6], nil, 1 - (4.0 / 28 - 8.0 / 36)),
      // Apart: the hull is what counts.
      ("{type: GIoULoss, loss_weight: 10}", [0, 0, 1, 1], [3, 0, 4, 1], 5, 2 * (1 + 0.5)),
      // Without area: nothing is divided by 0.
      ("{type: GIoULoss}", [1, 1, 1, 1], [1, 1, 1, 1], nil, 1),
    ] as [(String, [Float], [Float], Float?, Float)])
  func values(text: String, prediction: [Float], target: [Float], factor: Float?, expected: Float) throws {
    let loss = try build(text)
    let value = loss(
      Tensor(prediction, shape: [1, 4]), Tensor(target, shape: [1, 4]), averagingFactor: factor)
    #expect(abs(value.scalar - expected) < 1e-5, "\(value.scalar)")
  }

  @Test("no boxes: 0, and no trap", arguments: ["L1Loss", "SmoothL1Loss", "GIoULoss"])
  func none(type: String) throws {
    let loss = try build("{type: \(type)}")
    let value = loss(Tensor.zeros([0, 4]), .zeros([0, 4]), averagingFactor: 3)
    #expect(value.scalar == 0)
  }

  @Test("GIoU and the decoding of deltas have the gradients of differences")
  func gradients() {
    let boxes = Boxes([10, 10, 30, 40, 5, 8, 25, 20, 40, 40, 60, 70])
    let targets = Tensor([12, 9, 33, 41, 30, 30, 44, 52, 42, 44, 55, 60], shape: [3, 4])
    let coder = DeltaXYWHBBoxCoder(
      means: SIMD4(0, 0.01, 0, 0), deviations: SIMD4(0.1, 0.1, 0.2, 0.2), clipsToBorder: true)
    let deltas = Tensor.random([3, 4], seed: 3)
    #expect(gradientMismatches(at: [deltas]) { coder.decode(boxes, deltas: $0[0]) * 0.1 } == [])
    #expect(
      gradientMismatches(at: [deltas]) { GIoULoss().losses(coder.decode(boxes, deltas: $0[0]), targets) }
        == [])
    let decoded = coder.decode(boxes, deltas: deltas).values
    let plain = coder.decode(boxes, deltas: deltas.values).values
    #expect(zip(decoded, plain).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test(
    "what heads refuse",
    arguments: [
      (
        "model.rpn_head.loss_bbox.type=GIoULoss",
        "model.rpn_head.loss_bbox: GIoULoss is a loss of boxes, not of the deltas"
      ),
      ("model.roi_head.bbox_head.loss_bbox.type=GIoULoss", "Set reg_decoded_bbox: true at the head."),
      ("model.rpn_head.loss_bbox.type=L3Loss", "model.rpn_head.loss_bbox.type: unknown box loss 'L3Loss'"),
      ("model.rpn_head.loss_bbox.reduction=sum", "model.rpn_head.loss_bbox.reduction: 'sum' is not known"),
      ("model.rpn_head.loss_bbox.beta=1", "unknown key 'beta'"),
      ("model.rpn_head.loss_bbox={type: SmoothL1Loss, beta: 0}", "loss_bbox.beta: 0.0 is not above 0"),
      ("model.rpn_head.loss_bbox={type: GIoULoss, eps: 0}", "loss_bbox.eps: 0.0 is not above 0"),
    ])
  func refused(change: String, expected: String) {
    let error = #expect(throws: (any Error).self) { try TinyDetector.model([change]) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(expected), "\(error.map { "\($0)" } ?? "")")
  }
}
