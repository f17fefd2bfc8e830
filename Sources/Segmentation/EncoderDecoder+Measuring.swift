import Data
import Layers
import Modeling
import Tensors

extension EncoderDecoder: MeasurableModel {
  /// 512 x 2048, or four times as wide as the crops that it learns from, where these are higher: 640 x 2560.
  public var usualImageSize: (height: Int, width: Int) {
    let height = max(512, preprocessor.trainingSize?.height ?? 0)
    return (height, 4 * height)
  }

  /// The backbone's.
  public var coarsestStride: Int { backbone.outputs.map(\.stride).max() ?? 1 }

  /// Runs backbone and decode head; auxiliary heads, and the resizing of the logits, take no part.
  public func run(_ images: Tensor, observedBy observer: any PartObserver) {
    let maps = observer.part("backbone", backbone) { backbone(images) }
    observer.part("decode_head", decodeHead) { _ = decodeHead(maps) }
    for (index, head) in auxiliaryHeads.enumerated() {
      observer.idle(isAuxiliaryList ? "auxiliary_head.\(index)" : "auxiliary_head", head)
    }
  }
}

extension EncoderDecoder: BackboneModel {
  /// Normalised and padded, `[B, H, W, 3]`.
  public func images(_ samples: [Sample]) throws -> Tensor { try preprocessor.batch(samples).images }
}
