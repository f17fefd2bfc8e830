import Data
import Layers
import Modeling
import Tensors

extension TwoStageDetector: MeasurableModel {
  /// Detectors are counted as they are built, in training.
  public var isMeasuredInTraining: Bool { true }

  /// 1280 x 800.
  public var usualImageSize: (height: Int, width: Int) { (1280, 800) }

  /// The backbone's.
  public var coarsestStride: Int { backbone.outputs.map(\.stride).max() ?? 1 }

  /// Runs backbone, neck, first stage, and the second stage on `test_cfg.rpn.max_per_img` regions.
  public func run(_ images: Tensor, observedBy observer: any PartObserver) throws {
    let maps = observer.part("backbone", backbone) { backbone(images) }
    let features = observer.part("neck", neck) { neck(maps) }
    observer.part("rpn_head", rpnHead) { _ = rpnHead(features) }
    try roiHead.run(regions: testing.rpn.limit, observedBy: observer)
  }
}

extension TwoStageDetector: BackboneModel {
  /// Normalised and padded, `[B, H, W, 3]`.
  public func images(_ samples: [Sample]) throws -> Tensor { try preprocessor(samples).images }
}
