import Configuration
import Data
import Imaging
import Layers
import Modeling
import Tensors

/// Backbone, decode head and auxiliary heads (mmsegmentation's `EncoderDecoder`).
public struct EncoderDecoder: ScoringModel {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable {
    var preprocessor: ComponentConfiguration
    var backbone: ComponentConfiguration
    var decodeHead: ComponentConfiguration
    var auxiliaryHeads: [ComponentConfiguration]
    var isAuxiliaryList: Bool
    var testing: SegmentationTesting

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
      testing = try keys.decodeIfPresent(SegmentationTesting.self, forKey: .testing) ?? SegmentationTesting()
      _ = try keys.decodeIfPresent(NoSettings.self, forKey: .training)
      // A checkpoint of the backbone's; who builds the model reads it.
      _ = try keys.decodeIfPresent(String.self, forKey: .pretrained)
    }
  }

  /// `train_cfg`: a mapping without keys.
  private struct NoSettings: Decodable {}

  let preprocessor: SegDataPreProcessor
  /// From images to maps.
  public let backbone: any Backbone
  let decodeHead: any DecodeHead
  let auxiliaryHeads: [any DecodeHead]
  /// Of the decode head and each auxiliary head.
  private let pixelLosses: [PixelLosses]
  private let labels: (classes: Int, ignored: Int32)
  /// How many scores a pixel has.
  let channels: Int
  /// Of a test; nil: the image as a whole.
  let windows: SegmentationTesting.WindowSize?
  let isAuxiliaryList: Bool

  /// A segmentor whose parts fit together.
  ///
  /// - Throws: `ConfigurationError` where a part is unknown, or its widths do not fit the backbone's.
  public init(_ configuration: Configuration, in context: ModelContext) throws {
    preprocessor = try configuration.preprocessor.node.decode(SegDataPreProcessor.self)
    backbone = try context.components.backbones.build(
      configuration.backbone, scope: context.scope, in: context)
    try context.labels?.require(preprocessor.labelPadding)
    func head(_ component: ComponentConfiguration, layer: Int) throws -> any DecodeHead {
      try context.components.decodeHeads.build(
        component, scope: context.scope, in: DecodeHeadContext(model: context, layer: layer))
    }
    decodeHead = try head(configuration.decodeHead, layer: 0)
    auxiliaryHeads = try configuration.auxiliaryHeads.enumerated().map { try head($1, layer: $0 + 1) }
    isAuxiliaryList = configuration.isAuxiliaryList
    let all = Array(
      zip([decodeHead] + auxiliaryHeads, [configuration.decodeHead] + configuration.auxiliaryHeads))
    pixelLosses = try all.enumerated().map { layer, part in
      try PixelLosses(
        part.0.settings, of: part.1, in: DecodeHeadContext(model: context, layer: layer))
    }
    let classes = try context.classCount(decodeHead.settings.classes)
    labels = (classes, LabelMeaning.ignored(among: classes))
    channels = try DecodeHeadContext(model: context, layer: 0).channels(decodeHead.settings)
    windows = configuration.testing.windows
    for (head, component) in all { try checkWidths(of: head, component) }
    if let windows, min(windows.crop.height, windows.crop.width) < leastSide {
      throw ConfigurationError(
        location: windows.place?.location, keyPath: windows.place?.keyPath ?? "test_cfg.crop_size",
        message: "\(windows.crop) is less than the backbone takes, \(leastSide) pixels a side")
    }
  }

  /// The shortest side of an image that leaves the coarsest map a cell: its stride where odd sizes are rounded down, else
  /// that of the finest map.
  private var leastSide: Int {
    let side = 2 * coarsestStride - 1
    let coarsest = Computation.shapesOnly {
      withoutGradients { backbone(.zeros([1, side, side, 3])).map { $0.shape[1] }.min() }
    }
    return coarsest == 2 ? backbone.outputs.map(\.stride).min() ?? 1 : coarsestStride
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

  /// Label maps.
  public var requirements: AnnotationRequirements { AnnotationRequirements(.labelMap) }

  /// Weights under mmsegmentation's names.
  public var tree: ParameterTree {
    let auxiliary: ParameterTree.Entry =
      isAuxiliaryList ? .layers(auxiliaryHeads) : .layer(auxiliaryHeads.first)
    return ["backbone": .layer(backbone), "decode_head": .layer(decodeHead), "auxiliary_head": auxiliary]
  }

  /// `decode.loss_ce`, `decode.acc_seg`, and the same of the auxiliary heads as `aux.` (`aux_0.` in a list).
  public func losses(_ samples: [Sample]) throws -> Losses {
    let isAlone = ForwardMode.current.training?.statistics == nil
    guard !Recording.isOn || !isAlone || samples.count >= minimumBatch else {
      throw DataError(
        file: samples.first?.imagePath,
        "a batch of one image leaves batch norm a single value a channel behind a 1x1 pooling: "
          + "set batch_size to 2 or more, or norm_cfg to {type: LN}")
    }
    // A validation's losses are computed outside training.
    let batch = try preprocessor.batch(samples, hasLabels: true)
    try checkSize(of: batch.images, samples)
    try check(batch.labels, samples)
    return losses(batch.images, labels: batch.labels)
  }

  /// The losses of a batch that is preprocessed already: images `[B, H, W, 3]`, classes of `[B, H, W]`.
  package func losses(_ images: Tensor, labels: [Int32]) -> Losses {
    let features = backbone(images)
    let (height, width) = (images.shape[1], images.shape[2])
    var terms: [LossTerm] = []
    func add(_ head: any DecodeHead, _ losses: PixelLosses, as prefix: String) {
      for var term in losses(head(features), labels: labels, height: height, width: width) {
        term.name = "\(prefix).\(term.name)"
        terms.append(term)
      }
    }
    add(decodeHead, pixelLosses[0], as: "decode")
    for (index, head) in auxiliaryHeads.enumerated() {
      add(head, pixelLosses[index + 1], as: isAuxiliaryList ? "aux_\(index)" : "aux")
    }
    return Losses(terms)
  }

  /// As many images as the head asks for that asks for most.
  public var minimumBatch: Int { ([decodeHead] + auxiliaryHeads).map(\.minimumBatch).max() ?? 1 }

  /// Says when no pixel of a batch has a class: nothing can be learnt from it.
  public func warnings(about samples: [Sample]) -> [String] {
    let maps = samples.compactMap(\.labelMap)
    guard !maps.isEmpty, maps.allSatisfy({ $0.pixels.allSatisfy { $0 == labels.ignored } }) else { return [] }
    return [
      "no pixel of the batch has a class, in \(samples[0].labelMapPath ?? samples[0].imagePath) and the like: all are "
        + "ignored, and nothing is learnt from them; do the label maps hold the numbers 0 ... \(labels.classes - 1)?"
    ]
  }

  /// Whether every label is a class or ignored, whatever data set it comes from.
  private func check(_ labels: [Int32], _ samples: [Sample]) throws {
    let (classes, ignored) = self.labels
    guard let stray = labels.first(where: { !(0..<Int32(clamping: classes)).contains($0) && $0 != ignored })
    else { return }
    throw DataError(
      file: samples.first?.labelMapPath ?? samples.first?.imagePath,
      "its batch holds the label \(stray): the model has the classes 0 ... \(classes - 1), and \(ignored) is none"
    )
  }

  /// Logits of each image at the decode head's resolution; in mode `slide` the image, whose windows are computed as
  /// they are needed.
  ///
  /// - Throws: `DataError` for an image that is not loaded, or smaller than the backbone's coarsest stride.
  public func scores(_ samples: [Sample]) throws -> [SegmentationScores] {
    let batch = try preprocessor.batch(samples)
    try checkSize(of: batch.images, samples)
    try checkMemory(batch.images, samples)
    return scores(batch.images)
  }

  /// The same of a batch `[B, H, W, 3]` that is preprocessed already.
  package func scores(_ images: Tensor) -> [SegmentationScores] {
    let size = ImageSize(height: images.shape[1], width: images.shape[2])
    let maps = windows == nil ? logits(images) : images
    return (0..<images.shape[0]).map { index in
      let map = images.shape[0] == 1 ? maps : maps.sliced(axis: 0, from: index, to: index + 1)
      guard let windows else { return SegmentationScores(logits: map, paddedSize: size) }
      return SegmentationScores(
        .windows(SlidingWindows(over: map, windows) { logits($0) }), paddedSize: size)
    }
  }

  /// The class of every pixel of the image's file, by strips of rows.
  public func decide(_ scores: SegmentationScores, for sample: Sample) throws -> Prediction {
    var logits = fileLogits(scores, of: sample)
    let threshold = decodeHead.settings.threshold
    return Prediction(
      labelMap: LabelMap(sample.originalSize, rowsPerStrip: logits.rowsPerStrip(channels: channels)) {
        logits($0).classes(threshold: threshold)
      })
  }

  /// The class of every pixel of the image's file, by the mean of the probabilities that variants of it give.
  ///
  /// - Throws: As `scores`.
  func decide(variants: [Sample]) throws -> Prediction {
    let logits = try variants.map { fileLogits(try scores([$0])[0], of: $0) }
    let rows = logits.map { $0.rowsPerStrip(channels: channels) }.min() ?? 1
    var merged = MergedVariants(logits)
    let (isBinary, threshold) = (channels == 1, decodeHead.settings.threshold)
    return Prediction(
      labelMap: LabelMap(variants[0].originalSize, rowsPerStrip: rows) { strip in
        let probabilities = merged(strip)
        return isBinary
          ? probabilities.values.map { $0 > threshold ? 1 : 0 } : probabilities.indicesOfMaxima
      })
  }

  private func fileLogits(_ scores: SegmentationScores, of sample: Sample) -> FileLogits {
    FileLogits(
      scores, own: sample.size, file: sample.originalSize,
      mirroring: Mirroring(horizontal: sample.isFlipped), alignCorners: decodeHead.settings.alignCorners)
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

  /// The decode head's corner rule of resizing.
  package var alignsCorners: Bool { decodeHead.settings.alignCorners }

  /// Bilinear resizing by the decode head's corner rule.
  package func resized(_ logits: Tensor, _ height: Int, _ width: Int) -> Tensor {
    guard logits.shape[1] != height || logits.shape[2] != width else { return logits }
    return logits.resizedBilinear(
      height: height, width: width, alignCorners: decodeHead.settings.alignCorners)
  }
}

extension LabelMap {
  /// A map whose rows are decided a strip at a time.
  fileprivate init(_ size: ImageSize, rowsPerStrip: Int, _ classes: (_ rows: Range<Int>) -> [Int32]) {
    var pixels: [Int32] = []
    pixels.reserveCapacity(size.height * size.width)
    for start in stride(from: 0, to: size.height, by: rowsPerStrip) {
      pixels += classes(start..<min(start + rowsPerStrip, size.height))
    }
    self.init(height: size.height, width: size.width, pixels: pixels)
  }
}
