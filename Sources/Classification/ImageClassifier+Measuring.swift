import Layers
import Modeling
import Tensors

extension ImageClassifier: MeasurableModel {
  /// 224 x 224.
  public var usualImageSize: (height: Int, width: Int) { (224, 224) }

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
