import Configuration
import Data
import Detection
import Imaging
import Layers
import Masks
import Modeling
import Tensors
import Testing

@Suite("edges of Mask R-CNN")
struct EdgeCaseTests {
  /// The boxes of each picture of a batch.
  private static let batches: [(name: String, boxes: [[SIMD4<Float>]])] = [
    ("no objects", [[]]), ("no objects in one picture", [[SIMD4(8, 8, 40, 40)], []]),
    ("boxes without area", [[SIMD4(8, 8, 8, 8), SIMD4(10, 10, 30, 10)]]),
    ("the whole picture", [[SIMD4(0, 0, 64, 64)]]), ("one pixel", [[SIMD4(5, 5, 6, 6)]]),
    ("the same object many times", [[SIMD4<Float>](repeating: SIMD4(8, 8, 24, 40), count: 300)]),
  ]

  private static let changes: [[String]] = [
    [],
    // No object is put among the proposals: no region is an object.
    ["model.train_cfg.rcnn.sampler.add_gt_as_proposals=false"],
    // No proposal, and no region at all.
    [
      "model.train_cfg.rpn_proposal.min_bbox_size=1000", "model.test_cfg.rpn.min_bbox_size=1000",
      "model.train_cfg.rcnn.sampler.add_gt_as_proposals=false",
    ],
    ["model.roi_head.bbox_head.reg_class_agnostic=true"], TinyDetector.withoutMasks,
    [
      "model.rpn_head.reg_decoded_bbox=true", "model.rpn_head.loss_bbox={type: GIoULoss}",
      "model.roi_head.bbox_head.reg_decoded_bbox=true",
      "model.roi_head.bbox_head.loss_bbox={type: GIoULoss, loss_weight: 10.0}",
    ],
  ]

  @Test("a step and a prediction: finite numbers, and no trap", arguments: changes.indices)
  func steps(number: Int) throws {
    for classes in [["a"], ["a", "b", "c"]] {
      let model = try TinyDetector.model(Self.changes[number], classes: classes)
      for (name, boxes) in Self.batches {
        let samples = boxes.enumerated().map {
          TinyDetector.sample($0, boxes: $1, label: classes.count - 1)
        }
        let step = ForwardMode.Step(seed: 1, step: 0, samples: Array(samples.indices))
        try ForwardMode.training(step) {
          let losses = try model.losses(samples)
          #expect(losses.terms.allSatisfy { $0.value.scalar.isFinite }, "\(name): \(losses.terms)")
          losses.total.backward()
        }
      }
      let found = try ForwardMode.evaluation { try model.predict([TinyDetector.sample(boxes: nil)]) }
      let instances = try #require(found.first?.instances)
      #expect((instances.masks == nil) == !model.requirements.kinds.contains(.masks))
      #expect(instances.scores.allSatisfy { (0...1).contains($0) })
    }
  }

  @Test("a thousand objects of pictures of several sizes in one batch, and more than a hundred found")
  func crowded() throws {
    let boxes = (0..<1000).map { index -> SIMD4<Float> in
      let (x, y) = (Float(index % 40), Float(index / 40 * 2))
      return SIMD4(x, y, x + 8, y + 8)
    }
    let samples = [
      TinyDetector.sample(0, boxes: boxes),
      TinyDetector.sample(1, boxes: [], size: ImageSize(height: 40, width: 96)),
      TinyDetector.sample(2, boxes: Array(boxes.prefix(1)), size: ImageSize(height: 33, width: 31)),
    ]
    let model = try TinyDetector.model(
      [
        "model.test_cfg.rcnn.max_per_img=300", "model.test_cfg.rcnn.score_thr=0.0",
        // Few boxes of small pictures are left by the usual thresholds.
        "model.test_cfg.rcnn.nms.iou_threshold=0.99", "model.test_cfg.rpn.nms.iou_threshold=0.99",
      ], classes: ["a"])
    let step = ForwardMode.Step(seed: 1, step: 0, samples: Array(samples.indices))
    try ForwardMode.training(step) {
      let losses = try model.losses(samples)
      #expect(losses.terms.allSatisfy { $0.value.scalar.isFinite }, "\(losses.terms)")
      losses.total.backward()
    }
    let found = try ForwardMode.evaluation { try model.predict(samples) }
    #expect(found.allSatisfy { ($0.instances?.labels.count ?? 0) <= 300 })
    #expect(found.contains { ($0.instances?.labels.count ?? 0) > 100 })
  }

  @Test("assigning compares one object at a time with all boxes, and gives what all pairs at once give")
  func blocks() {
    var random = RandomGenerator(seed: 3, sample: 0, purpose: .dataOrder)
    func some(_ count: Int) -> Boxes {
      Boxes(
        (0..<count).flatMap { _ -> [Float] in
          let (x, y) = (Float(random.integer(below: 200)), Float(random.integer(below: 200)))
          return [x, y, x + Float(1 + random.integer(below: 60)), y + Float(1 + random.integer(below: 60))]
        })
    }
    let (boxes, objects) = (some(2000), some(1000))
    let assigner = MaxIoUAssigner(positiveThreshold: 0.5, negativeRange: 0..<0.4, matchesLowQuality: false)
    let truth = Instances(
      boxes: objects, labels: [Int](repeating: 0, count: 1000),
      isIgnored: [Bool](repeating: false, count: 1000))
    let assigned = assigner.assign(boxes, to: truth)
    let overlaps = Boxes.iou(boxes, objects)
    for box in 0..<boxes.count {
      let row = overlaps[box * 1000..<(box + 1) * 1000]
      #expect(assigned.overlaps[box] == row.max())
    }
  }

  @Test(
    "masks where none are learned, and none where they are, are mistakes",
    arguments: [
      (["model.type=FasterRCNN"], "model.roi_head.mask_head: FasterRCNN learns boxes only"),
      (
        Array(TinyDetector.withoutMasks.prefix(2)),
        "model.roi_head.mask_head: is missing: MaskRCNN learns masks"
      ),
    ])
  func kinds(changes: [String], expected: String) {
    let error = #expect(throws: ConfigurationError.self) { try TinyDetector.model(changes) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(expected))
  }

  @Test("losses are under mmdetection's names, with the mask branch and without it")
  func names() throws {
    let samples = [TinyDetector.sample(boxes: [SIMD4(8, 8, 40, 40)])]
    let all = ["loss_rpn_cls", "loss_rpn_bbox", "loss_cls", "acc", "loss_bbox", "loss_mask"]
    #expect(try TinyDetector.model().losses(samples).terms.map(\.name) == all)
    let boxesOnly = try TinyDetector.model(TinyDetector.withoutMasks)
    #expect(try boxesOnly.losses(samples).terms.map(\.name) == all.dropLast())
    #expect(!boxesOnly.parameters.contains { $0.name.contains("mask_head") })
  }

  @Test("scores, then a decision: the prediction, and masks as they come out of the head")
  func scores() throws {
    let model = try #require(
      try TinyDetector.model(["model.test_cfg.rcnn.score_thr=0.0"]) as? TwoStageDetector)
    let sample = TinyDetector.sample(boxes: nil)
    try ForwardMode.evaluation {
      let scores = try model.scores([sample])
      let objects = try #require(scores.first)
      #expect(objects.boxes.count > 0 && objects.masks?.count == objects.boxes.count)
      #expect(objects.masks?.side == 28)
      #expect(objects.masks?.probabilities.allSatisfy { (0...1).contains($0) } == true)
      #expect(try model.predict([sample]) == [model.decide(objects, for: sample)])
    }
  }

  @Test(
    "five pictures are found in as each is alone: boxes, scores and masks to the last bit",
    arguments: [
      [], TinyDetector.withoutMasks,
      // Wide enough for the methods and cuts of large products.
      [
        "model.neck.out_channels=64", "model.rpn_head.in_channels=64", "model.rpn_head.feat_channels=64",
        "model.roi_head.bbox_roi_extractor.out_channels=64", "model.roi_head.bbox_head.in_channels=64",
        "model.roi_head.bbox_head.fc_out_channels=200", "model.roi_head.mask_roi_extractor.out_channels=64",
        "model.roi_head.mask_head.in_channels=64", "model.roi_head.mask_head.conv_out_channels=64",
        "model.roi_head.mask_head.num_convs=2",
      ],
    ])
  func batches(_ changes: [String]) throws {
    let model = try #require(
      try TinyDetector.model(["model.test_cfg.rcnn.score_thr=0.0"] + changes) as? TwoStageDetector)
    model.initialize(seed: 1)
    let samples = (0..<5).map { TinyDetector.sample($0, boxes: nil) }
    try ForwardMode.evaluation {
      let all = try model.scores(samples)
      for (sample, found) in zip(samples, all) {
        #expect((try model.scores([sample]) == [found]) as Bool && found.boxes.count > 0)
      }
    }
  }

  @Test(
    "half a mask branch is a mistake",
    arguments: [
      (TinyDetector.withoutMasks[0], "model.roi_head.mask_roi_extractor: needs mask_head beside it"),
      (TinyDetector.withoutMasks[1], "model.roi_head.mask_head: needs mask_roi_extractor beside it"),
    ])
  func halves(change: String, expected: String) {
    let error = #expect(throws: ConfigurationError.self) { try TinyDetector.model([change]) }
    #expect("\(error.map { "\($0)" } ?? "")".contains(expected))
  }
}

@Suite("annotations that detectors learn from")
struct DetectorRequirementTests {
  @Test("a sample without masks, or without annotations, is an error that says what to set")
  func samples() throws {
    let model = try TinyDetector.model()
    let boxesOnly = TinyDetector.sample(boxes: [SIMD4(8, 8, 40, 40)], hasMasks: false)
    let error = #expect(throws: DataError.self) { try model.losses([boxesOnly]) }
    #expect(error?.file == "0.png" && error?.message.contains("with_mask: true") == true)
    #expect(throws: DataError.self) { try model.losses([TinyDetector.sample(boxes: nil)]) }
    _ = try TinyDetector.model(TinyDetector.withoutMasks).losses([boxesOnly])
  }

  @Test("are what the second stage learns")
  func kinds() throws {
    #expect(try TinyDetector.model().requirements.kinds == [.boxes, .masks])
    #expect(try TinyDetector.model(TinyDetector.withoutMasks).requirements.kinds == .boxes)
  }
}
