import Data
import Modeling
import Tensors

/// The mean of the probabilities that a segmentor gives variants of an image (mmsegmentation's `SegTTAModel`).
public struct SegTTAModel: TestTimeAugmentation {
  /// mmsegmentation's keys: none.
  public struct Configuration: Decodable, Sendable {}

  /// A mean over any number of variants.
  public init() {}

  /// Softmax, or sigmoid of a single map, of each variant at the size of the image's file, averaged, then decided: by
  /// strips of rows over all variants together.
  ///
  /// - Throws: `DataError` for a model that is no `EncoderDecoder`; the model's own errors.
  public func predict(_ variants: [Sample], by model: any Model) throws -> Prediction {
    guard let segmentor = model as? EncoderDecoder, !variants.isEmpty else {
      throw DataError(
        file: variants.first?.imagePath,
        "SegTTAModel merges what an EncoderDecoder makes of an image's variants: name the tta_model of this model's kind"
      )
    }
    return try segmentor.decide(variants: variants)
  }
}

/// The mean of the probabilities that variants of an image give, at the size of the image's file.
package struct MergedVariants {
  private var variants: [FileLogits]

  package init(_ variants: [FileLogits]) { self.variants = variants }

  /// Some rows, `[1, strip.count, W, C]`. Strips are asked for in order.
  package mutating func callAsFunction(_ strip: Range<Int>) -> Tensor {
    var sum: Tensor?
    for index in variants.indices {
      let logits = variants[index](strip)
      let probabilities = logits.shape[3] == 1 ? logits.sigmoid() : logits.softmax(axis: 3)
      if var total = sum.take() {
        total.add(probabilities)
        sum = total
      } else {
        sum = probabilities
      }
    }
    return (sum ?? .zeros([1, strip.count, 0, 1])) / Float(max(1, variants.count))
  }
}
