import Configuration
import Data
import Layers
import Masks
import Modeling
import Tensors
import Testing

@Suite("parts of one's own in Mask R-CNN")
struct OwnPartsTests {

  @Test(
    "every kind is used from YAML, in training and in prediction",
    arguments: [
      ["model.rpn_head={type: OwnRPNHead, _delete_: true}"],
      ["model.roi_head={type: OwnRoIHead, _delete_: true}"],
      ["model.roi_head.bbox_head={type: OwnBoxHead, _delete_: true}"],
      [
        "model.roi_head.mask_head={type: OwnMaskHead, _delete_: true}",
        "model.train_cfg.rcnn.mask_size=14",
      ],
      ["model.rpn_head.loss_bbox={type: OwnLoss, _delete_: true}"],
      [
        "model.neck={type: OwnNeck, _delete_: true}", "model.rpn_head={type: OwnRPNHead, _delete_: true}",
        "model.roi_head={type: OwnRoIHead, _delete_: true}",
      ],
    ])
  func parts(changes: [String]) throws {
    var components = TinyDetector.components
    components.addOwnParts()
    let model = try TinyDetector.model(changes, components: components)
    let sample = TinyDetector.sample(boxes: [SIMD4(4, 4, 30, 28)])
    try ForwardMode.training(ForwardMode.Step(seed: 1, step: 0, samples: [0])) {
      let losses = try model.losses([sample])
      #expect(losses.total.scalar.isFinite)
      losses.total.backward()
    }
    #expect(try ForwardMode.evaluation { try model.predict([sample]) }.first?.instances != nil)
  }

  @Test("a part of one's own that does not fit is an error at its key")
  func misfit() {
    var components = TinyDetector.components
    components.addOwnParts()
    let error = #expect(throws: ConfigurationError.self) {
      try TinyDetector.model(
        ["model.rpn_head={type: OwnRPNHead, channels: 4, _delete_: true}"], components: components)
    }
    #expect(error?.keyPath == "model.rpn_head.channels")
  }
}
