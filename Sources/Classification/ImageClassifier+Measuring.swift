import Data
import Layers
import Modeling
import Tensors

extension ImageClassifier: MeasurableModel {
  /// 224 x 224, or the larger size that a backbone is for whose map is a single vector: 384 x 384.
  public var usualImageSize: (height: Int, width: Int) {
    let side = max(224, coarsestStride)
    return (side, side)
  }

  /// The backbone's.
  public var coarsestStride: Int { backbone.outputs.map(\.stride).max() ?? 1 }

  /// Runs backbone, pooling and head.
  public func run(_ images: Tensor, observedBy observer: any PartObserver) {
    let maps = observer.part("backbone", backbone) { backbone(images) }
    guard let map = maps.last else { return }
    let vectors = observer.part("neck", nil) { pooling(map) }
    observer.part("head", head) { _ = head(vectors) }
  }
}

extension ImageClassifier: BackboneModel {
  /// Normalised and padded, `[B, H, W, 3]`.
  public func images(_ samples: [Sample]) throws -> Tensor { try preprocessor(samples) }
}
