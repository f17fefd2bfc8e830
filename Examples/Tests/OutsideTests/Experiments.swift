import Configuration
import Detection
import Foundation
import Modeling
import Outside
import Segmentation

extension Components {
  /// What the command has, and what this package adds.
  static var withOutside: Components {
    var components = Components()
    components.addDetection()
    components.addSegmentation()
    components.addOutside()
    return components
  }
}

/// A folder that goes away with the test, with eight pictures.
final class Pictures {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("outside-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try SquaresDataset.draw(count: 8, in: path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var work: String { "\(path)/work" }
  var figures: String { "\(path)/figures.json" }

  /// Data, metrics, optimiser, schedule and hook are the same for all models.
  ///
  /// - Parameter loading: mm's `LoadAnnotations` of the task.
  func configuration(
    model: String, loading: String, packing: String, metric: String, steps: Int = 6
  ) throws -> ExperimentConfiguration {
    let text = """
      model:
      \(model.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
      data_root: \(path)
      train_dataloader:
        batch_size: 2
        num_workers: 0
        sampler: {type: BackwardsSampler}
        dataset:
          type: SquaresDataset
          count: 8
          indices: 6
          pipeline:
            - {type: LoadImageFromFile}
            - \(loading)
            - {type: DarkSideLeft, amount: 10}
            - {type: \(packing)}
      val_dataloader: &test
        batch_size: 2
        num_workers: 0
        sampler: {type: DefaultSampler, shuffle: false}
        dataset:
          type: SquaresDataset
          count: 8
          indices: -2
          test_mode: true
          pipeline:
            - {type: LoadImageFromFile}
            - \(loading)
            - {type: \(packing)}
      test_dataloader: *test
      val_evaluator: &judges [\(metric), {type: FoundMetric, score_thr: 0.01}]
      test_evaluator: *judges
      train_cfg: {type: IterBasedTrainLoop, max_iters: 20, val_interval: 3}
      val_cfg: {type: ValLoop}
      test_cfg: {type: TestLoop}
      optim_wrapper:
        type: OptimWrapper
        optimizer: {type: HeavyBall, lr: 0.02, momentum: 0.5}
      param_scheduler: [{type: StaircaseLR, every: 4, by_epoch: false}]
      default_hooks: {checkpoint: {type: CheckpointHook, interval: 3, by_epoch: false}}
      custom_hooks: [{type: CountdownHook, steps: \(steps), file: \(figures)}]
      """
    return try ExperimentConfiguration(ConfigurationNode.parse(text, file: "outside.yaml"))
  }

  /// Mask R-CNN of outside parts only.
  func detector(steps: Int = 6, backboneKeys: String = "dims: 8") throws -> ExperimentConfiguration {
    try configuration(
      model: """
        type: MaskRCNN
        data_preprocessor: {type: DetDataPreprocessor, mean: [60, 60, 60], std: [60, 60, 60], pad_mask: true}
        backbone: {type: PatchBackbone, \(backboneKeys)}
        neck: {type: LateralNeck, in_channels: [8, 8], out_channels: 8}
        rpn_head:
          type: CellProposalHead
          in_channels: 8
          side: 12
          loss_cls: {type: BrierLoss, use_sigmoid: true}
        roi_head:
          type: PlainRoIHead
          bbox_roi_extractor: {type: FinestExtractor, out_channels: 8, output_size: 4}
          bbox_head:
            type: MeanBoxHead
            in_channels: 8
            roi_feat_size: 4
            loss_cls: {type: BrierLoss}
            loss_bbox: {type: PseudoHuberLoss, loss_weight: 2}
          mask_head: {type: SharedMaskHead, in_channels: 8}
        train_cfg:
          rpn: &learning
            assigner: {type: MaxIoUAssigner, pos_iou_thr: 0.5, neg_iou_thr: 0.5}
            sampler: {type: RandomSampler, num: 16, pos_fraction: 0.5}
          rpn_proposal: &selection {nms: {type: nms, iou_threshold: 0.7}, max_per_img: 8}
          rcnn: {<<: *learning, mask_size: 4}
        test_cfg:
          rpn: *selection
          rcnn: {score_thr: 0.01, nms: {type: nms, iou_threshold: 0.5}, max_per_img: 4}
        """,
      loading: "{type: LoadAnnotations, with_bbox: true, with_mask: true}", packing: "PackDetInputs",
      metric: "{type: CocoMetric, metric: [bbox, segm]}", steps: steps)
  }

  /// A segmentor with outside backbone, head and loss.
  func segmentor() throws -> ExperimentConfiguration {
    try configuration(
      model: """
        type: EncoderDecoder
        data_preprocessor: {type: SegDataPreProcessor, size: [32, 32]}
        backbone: {type: PatchBackbone}
        decode_head:
          type: BarHead
          in_channels: 8
          in_index: 0
          channels: 8
          norm_cfg: {type: BN}
          loss_decode: {type: BrierLoss, loss_weight: 3}
        """,
      loading: "{type: LoadAnnotations}", packing: "PackSegInputs", metric: "{type: IoUMetric}")
  }

  /// The outside model.
  func pixels() throws -> ExperimentConfiguration {
    try configuration(
      model: """
        type: PixelModel
        data_preprocessor: {type: SegDataPreProcessor, size: [32, 32], mean: [60, 60, 60], std: [60, 60, 60]}
        loss_decode: {type: BrierLoss}
        """,
      loading: "{type: LoadAnnotations}", packing: "PackSegInputs", metric: "{type: IoUMetric}")
  }
}
