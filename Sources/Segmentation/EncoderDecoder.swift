import Modeling
import Configuration
import Data
import Imaging
import Layers
import Tensors

/// Backbone, decode head and auxiliary heads (mmsegmentation's `EncoderDecoder`).
public struct EncoderDecoder: Model {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable {
    var preprocessor: ComponentConfiguration
    var backbone: ComponentConfiguration
    var decodeHead: ComponentConfiguration
    var auxiliaryHeads: [ComponentConfiguration]
    var isAuxiliaryList: Bool
    var testing: Testing

    enum CodingKeys: String, CodingKey {
      case backbone, pretrained
      case preprocessor = "data_preprocessor"
      case decodeHead = "decode_head"
      case auxiliaryHead = "auxiliary_head"
      case training = "train_cfg"
      case testing = "test_cfg"
    }

    /// Decodes mmsegmentation's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      preprocessor = try keys.decode(ComponentConfiguration.self, forKey: .preprocessor)
      backbone = try keys.decode(ComponentConfiguration.self, forKey: .backbone)
      decodeHead = try keys.decode(ComponentConfiguration.self, forKey: .decodeHead)
      isAuxiliaryList = (try? keys.decode([ComponentConfiguration].self, forKey: .auxiliaryHead)) != nil
      if isAuxiliaryList {
        auxiliaryHeads = try keys.decode([ComponentConfiguration].self, forKey: .auxiliaryHead)
      } else {
        auxiliaryHeads =
          try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .auxiliaryHead).map { [$0] } ?? []
      }
      testing = try keys.decodeIfPresent(Testing.self, forKey: .testing) ?? Testing()
      _ = try keys.decodeIfPresent(NoSettings.self, forKey: .training)
      // A checkpoint of the backbone's; who builds the model reads it.
      _ = try keys.decodeIfPresent(String.self, forKey: .pretrained)
    }
  }

  /// `test_cfg`.
  public struct Testing: Decodable, Sendable {
    enum Mode: String, Decodable, CaseIterable, Sendable { case whole }
    var mode = Mode.whole
  }

  /// `train_cfg`: a mapping without keys.
  private struct NoSettings: Decodable {}

  private let preprocessor: SegDataPreProcessor
  private let backbone: any Backbone
  private let decodeHead: any DecodeHead
  private let auxiliaryHeads: [any DecodeHead]
  private let isAuxiliaryList: Bool

  /// A segmentor whose parts fit together.
  ///
  /// - Throws: `ConfigurationError` where a part is unknown, or its widths do not fit the backbone's.
  public init(_ configuration: Configuration, in context: ModelContext) throws {
    preprocessor = try configuration.preprocessor.node.decode(SegDataPreProcessor.self)
    backbone = try context.components.backbones.build(
      configuration.backbone, scope: context.scope, in: context)
    let heads = SegmentationHeads.standard.heads
    func head(_ component: ComponentConfiguration, layer: Int) throws -> any DecodeHead {
      try heads.build(component, scope: context.scope, in: DecodeHeadContext(model: context, layer: layer))
    }
    decodeHead = try head(configuration.decodeHead, layer: 0)
    auxiliaryHeads = try configuration.auxiliaryHeads.enumerated().map { try head($1, layer: $0 + 1) }
    isAuxiliaryList = configuration.isAuxiliaryList
    for (head, component) in zip(
      [decodeHead] + auxiliaryHeads, [configuration.decodeHead] + configuration.auxiliaryHeads)
    {
      try checkWidths(of: head, component)
    }
  }

  /// Whether a head takes what the backbone gives.
  private func checkWidths(of head: any DecodeHead, _ component: ComponentConfiguration) throws {
    let maps = backbone.outputs
    for (index, channels) in head.inputs {
      let place = index < 0 ? maps.count + index : index
      guard maps.indices.contains(place) else {
        throw ConfigurationError(
          location: (component.node["in_index"] ?? component.node).location,
          keyPath: "\(component.node.keyPath).in_index",
          message: "\(index) is no map of the backbone, which gives \(maps.count)")
      }
      guard maps[place].channels == channels else {
        throw ConfigurationError(
          location: (component.node["in_channels"] ?? component.node).location,
          keyPath: "\(component.node.keyPath).in_channels",
          message: "\(channels) for map \(index), which has \(maps[place].channels) channels")
      }
    }
  }

  /// Weights under mmsegmentation's names.
  public var tree: ParameterTree {
    let auxiliary: ParameterTree.Entry =
      isAuxiliaryList ? .layers(auxiliaryHeads) : .layer(auxiliaryHeads.first)
    return ["backbone": .layer(backbone), "decode_head": .layer(decodeHead), "auxiliary_head": auxiliary]
  }

  /// `decode.loss_ce`, `decode.acc_seg`, and the same of the auxiliary heads as `aux.` (`aux_0.` in a list).
  public func losses(_ samples: [Sample]) throws -> Losses {
    if samples.count == 1, let head = decodeHead as? UPerHead, head.needsTwoImages {
      throw DataError(
        file: samples[0].imagePath,
        "a batch of one image leaves batch norm a single value a channel behind the 1x1 pooling of UPerHead: "
          + "set batch_size to 2 or more, or norm_cfg to {type: LN}")
    }
    let batch = try preprocessor.batch(samples)
    try checkSize(of: batch.images, samples)
    return losses(batch.images, labels: batch.labels)
  }

  /// The losses of a batch that is preprocessed already: images `[B, H, W, 3]`, classes of `[B, H, W]`.
  package func losses(_ images: Tensor, labels: [Int32]) -> Losses {
    let features = backbone(images)
    let (height, width) = (images.shape[1], images.shape[2])
    var terms: [LossTerm] = []
    func add(_ head: any DecodeHead, as prefix: String) {
      for var term in head.losses(head(features), labels: labels, height: height, width: width) {
        term.name = "\(prefix).\(term.name)"
        terms.append(term)
      }
    }
    add(decodeHead, as: "decode")
    for (index, head) in auxiliaryHeads.enumerated() {
      add(head, as: isAuxiliaryList ? "aux_\(index)" : "aux")
    }
    return Losses(terms)
  }

  /// The class of every pixel of each image's file.
  public func predict(_ samples: [Sample]) throws -> [Prediction] {
    let batch = try preprocessor.batch(samples)
    try checkSize(of: batch.images, samples)
    let logits = logits(batch.images)
    return samples.enumerated().map { index, sample in
      // As mmsegmentation: to the padded size, the padding off, then to the size of the file.
      let own = resized(
        logits.sliced(axis: 0, from: index, to: index + 1), batch.images.shape[1], batch.images.shape[2]
      )
      .sliced(axis: 1, from: 0, to: sample.size.height).sliced(axis: 2, from: 0, to: sample.size.width)
      let full = resized(own, sample.originalSize.height, sample.originalSize.width)
      return Prediction(
        labelMap: LabelMap(
          height: sample.originalSize.height, width: sample.originalSize.width,
          pixels: full.indicesOfMaxima.map { .init($0) }))
    }
  }

  /// Whether the backbone's coarsest map has a cell.
  private func checkSize(of images: Tensor, _ samples: [Sample]) throws {
    let stride = backbone.outputs.map(\.stride).max() ?? 1
    guard min(images.shape[1], images.shape[2]) >= stride else {
      throw DataError(
        file: samples.first?.imagePath,
        "\(images.shape[2]) x \(images.shape[1]) pixels behind the pipeline are fewer than the backbone's coarsest "
          + "stride, \(stride): enlarge the image by Resize, or pad by data_preprocessor.size")
    }
  }

  /// Logits of a batch that is preprocessed already, at the decode head's resolution.
  package func logits(_ images: Tensor) -> Tensor { decodeHead(backbone(images)) }

  /// Bilinear resizing by the decode head's corner rule.
  package func resized(_ logits: Tensor, _ height: Int, _ width: Int) -> Tensor {
    guard logits.shape[1] != height || logits.shape[2] != width else { return logits }
    return logits.resizedBilinear(
      height: height, width: width, alignCorners: decodeHead.settings.alignCorners)
  }
}
