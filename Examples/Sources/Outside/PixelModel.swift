import Configuration
import Data
import Imaging
import Layers
import Modeling
import Tensors

/// A whole model: a classifier of every pixel's colour.
public struct PixelModel: Model {
  /// Its keys.
  struct Settings: Decodable, Sendable {
    let preprocessor: ComponentConfiguration
    let loss: ComponentConfiguration
    let classes: Int?

    enum CodingKeys: String, CodingKey {
      case preprocessor = "data_preprocessor"
      case loss = "loss_decode"
      case classes = "num_classes"
    }
  }

  private let preprocessor: SegDataPreProcessor
  private let classifier: Conv2d
  private let loss: any ClassificationLoss
  private let ignored: Int32

  init(_ settings: Settings, in context: ModelContext) throws {
    preprocessor = try settings.preprocessor.node.decode(SegDataPreProcessor.self)
    let classes = try context.classCount(settings.classes)
    classifier = Conv2d(3, classes, kernel: 1)
    loss = try context.components.classificationLosses.build(
      settings.loss, scope: context.scope, in: ClassificationLossContext(channels: classes))
    ignored = LabelMeaning.ignored(among: classes)
  }

  /// Label maps.
  public var requirements: AnnotationRequirements { AnnotationRequirements(.labelMap) }
  /// Weights of the classifier.
  public var tree: ParameterTree { ["classifier": .layer(classifier)] }

  /// One loss, under its own name.
  public func losses(_ samples: [Sample]) throws -> Losses {
    let batch = try preprocessor.batch(samples)
    let value = loss(
      classifier(batch.images), labels: batch.labels, ignored: ignored, weights: nil, averagingFactor: nil)
    return Losses([.loss(loss.name, value)])
  }

  /// The class of every pixel of the file.
  public func predict(_ samples: [Sample]) throws -> [Prediction] {
    let logits = classifier(try preprocessor.batch(samples).images)
    return samples.enumerated().map { index, sample in
      let own = logits.sliced(axis: 0, from: index, to: index + 1)
        .sliced(axis: 1, from: 0, to: sample.size.height).sliced(axis: 2, from: 0, to: sample.size.width)
      let (height, width) = (sample.originalSize.height, sample.originalSize.width)
      let classes = own.resizedNearest(height: height, width: width).maximum(axis: 3).indices
      return Prediction(labelMap: LabelMap(height: height, width: width, pixels: classes))
    }
  }
}
