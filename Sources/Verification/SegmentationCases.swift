import Backbones
import Checkpoints
import Configuration
import Data
import Imaging
import Layers
import Modeling
import Segmentation
import Tensors

/// Heads of segmentors, and UperNet from end to end.
let segmentationCases: [String: CaseRunner] = [
  "uper_head": { golden in
    let isTraining = golden.config["training"]?.bool ?? false
    let head = UPerHead(
      try golden.config.removing(["training"]).decode(UPerHead.Configuration.self),
      classes: try golden.outputChannels(), layer: 0)
    return try runHead(golden, head, isTraining: isTraining)
  },
  "fcn_head": { golden in
    let head = FCNHead(
      try golden.config.decode(FCNHead.Configuration.self), classes: try golden.outputChannels(),
      layer: 0)
    return try runHead(golden, head, isTraining: false)
  },
  "seg_cross_entropy": { golden in
    let x = try golden.input("x").tensor.withGradient()
    let labels = try golden.input("label").integers.map { Int32($0) }
    let ignored = golden.config["ignore_index"]?.int.map { Int32(clamping: $0) }
    let type = try ConfigurationNode.parse("mmseg.CrossEntropyLoss", file: golden.path)
    let settings = golden.config.removing(["ignore_index"]).setting("type", to: type)
    let loss = try Components().classificationLosses.build(
      ComponentConfiguration(settings), scope: "mmseg", in: ClassificationLossContext(channels: x.shape[1]))
    let value = loss(
      x.channelsLast, labels: labels, ignored: ignored, weights: nil, averagingFactor: nil)
    var results = CaseResults()
    results.add("loss.\(loss.name)", value)
    results.differentiate(golden, losses: [loss.name: value], inputs: ["x": (x, { $0 })])
    return results
  },
  "upernet_loss": { golden in
    let (model, _) = try golden.segmentor()
    let images = try golden.input("img").tensor.withGradient()
    let labels = try golden.labels()
    let losses = ForwardMode.training(ForwardMode.Step(seed: 0, step: 0, samples: Array(0..<images.shape[0])))
    {
      model.losses(images.channelsLast, labels: labels)
    }
    var results = CaseResults()
    var named: [String: Tensor] = [:]
    for term in losses.terms {
      if term.isMinimized { named[term.name] = term.value }
      results.add("\(term.isMinimized ? "loss" : "output").\(term.name)", term.value)
    }
    results.differentiate(golden, losses: named, model: model, inputs: ["img": (images, { $0 })])
    for (name, buffer) in model.tree.buffers { results.add("output.updated.\(name)", buffer.value) }
    return results
  },
  "upernet_slide": { golden in
    let (model, _) = try golden.segmentor()
    let images = try golden.input("img").tensor.channelsLast
    return ForwardMode.evaluation {
      let size = ImageSize(height: images.shape[1], width: images.shape[2])
      let maps = model.scores(images).map { scores in
        var logits = FileLogits(scores, own: size, file: size, alignCorners: model.alignsCorners)
        return wholeMap(size) { logits($0) }
      }
      let full = concatenated(maps, axis: 0)
      var results = CaseResults()
      results.add("output.logits", full.channelsFirst)
      results.add(
        "output.pred", integers: full.indicesOfMaxima.map { Int($0) }, shape: Array(full.shape.dropLast()))
      return results
    }
  },
  "upernet_tta": { golden in
    let configuration = try golden.config.decode(VariantsCase.self)
    let parts = try configuration.variants.enumerated().map { index, variant in
      let logits = try golden.input("logits\(index)").tensor.channelsLast
      let size = ImageSize(height: logits.shape[1], width: logits.shape[2])
      return FileLogits(
        SegmentationScores(logits: logits, paddedSize: size), own: size, file: configuration.file,
        mirroring: variant.mirroring, alignCorners: configuration.alignsCorners ?? false)
    }
    return merged(parts, configuration.file)
  },
  "upernet_tta_slide": { golden in
    let (model, _) = try golden.segmentor()
    let configuration = try golden.config.decode(VariantsCase.self)
    return try ForwardMode.evaluation {
      let parts = try configuration.variants.map { variant in
        let image = try golden.input("img\(variant.image ?? 0)").tensor.channelsLast
        let size = ImageSize(height: image.shape[1], width: image.shape[2])
        let mirroring = variant.mirroring
        let scores = model.scores(
          image.mirrored(horizontally: mirroring.horizontal, vertically: mirroring.vertical))[0]
        return FileLogits(
          scores, own: size, file: configuration.file, mirroring: mirroring, alignCorners: model.alignsCorners
        )
      }
      return merged(parts, configuration.file)
    }
  },
  "upernet_predict": { golden in
    let (model, originalSize) = try golden.segmentor()
    guard let originalSize, originalSize.count == 2 else { throw NotBuiltYet(what: "without ori_shape") }
    let images = try golden.input("img").tensor.channelsLast
    return ForwardMode.evaluation {
      let logits = model.logits(images)
      let full = model.resized(
        model.resized(logits, images.shape[1], images.shape[2]), originalSize[0], originalSize[1])
      var results = CaseResults()
      results.add("output.logits", logits.channelsFirst)
      results.add(
        "output.resized0",
        full.sliced(axis: 0, from: 0, to: 1).channelsFirst.reshaped([
          full.shape[3], full.shape[1], full.shape[2],
        ]))
      results.add(
        "output.pred", integers: full.indicesOfMaxima.map { Int($0) }, shape: Array(full.shape.dropLast()))
      return results
    }
  },
]

private func runHead(_ golden: GoldenCase, _ head: some DecodeHead, isTraining: Bool) throws -> CaseResults {
  try head.load(golden.group("state"), file: golden.path)
  let levels = try golden.levels()
  func forward() -> Tensor { head(levels.map(\.channelsLast)).channelsFirst }
  let y =
    isTraining
    ? ForwardMode.training(
      ForwardMode.Step(seed: 0, step: 0, samples: Array(0..<(levels.first?.shape.first ?? 0))), forward)
    : forward()
  var results = CaseResults()
  results.add("output.y", y)
  results.differentiate(golden, outputs: ["y": y], model: head, inputs: golden.named(levels))
  for (name, buffer) in head.tree.buffers { results.add("output.updated.\(name)", buffer.value) }
  return results
}

/// Rows of a map that is worked out by strips, put together; more than one strip of a higher map.
private func wholeMap(_ size: ImageSize, _ rows: (Range<Int>) -> Tensor) -> Tensor {
  let strips = stride(from: 0, to: size.height, by: 16).map { $0..<min($0 + 16, size.height) }
  return concatenated(strips.map(rows), axis: 1)
}

/// The mean probabilities over variants, and the class of each pixel.
private func merged(_ parts: [FileLogits], _ size: ImageSize) -> CaseResults {
  var merged = MergedVariants(parts)
  let mean = wholeMap(size) { merged($0) }
  var results = CaseResults()
  results.add("output.probs", mean.channelsFirst.reshaped([mean.shape[3], size.height, size.width]))
  results.add(
    "output.pred", integers: mean.indicesOfMaxima.map { Int($0) }, shape: [size.height, size.width])
  return results
}

/// Variants of one image, and the size of its file.
private struct VariantsCase: Decodable {
  struct Variant: Decodable {
    enum Direction: String, Decodable { case horizontal, vertical, diagonal }
    let image: Int?
    let flip: Bool
    let direction: Direction?

    enum CodingKeys: String, CodingKey {
      case image, flip
      case direction = "flip_direction"
    }

    var mirroring: Mirroring {
      guard flip else { return Mirroring() }
      return Mirroring(
        horizontal: direction != .vertical, vertical: (direction ?? .horizontal) != .horizontal)
    }
  }
  let variants: [Variant]
  let file: ImageSize
  let alignsCorners: Bool?

  enum CodingKeys: String, CodingKey {
    case variants, model
    case classes = "num_classes"
    case file = "ori_shape"
    case alignsCorners = "align_corners"
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    variants = try keys.decode([Variant].self, forKey: .variants)
    alignsCorners = try keys.decodeIfPresent(Bool.self, forKey: .alignsCorners)
    let sides = try keys.decode([Int].self, forKey: .file)
    guard sides.count == 2 else { throw keys.refusal("height and width are wanted", forKey: .file) }
    file = ImageSize(height: sides[0], width: sides[1])
    // Of the segmentor, or told by the maps themselves.
    _ = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .model)
    _ = try keys.decodeIfPresent(Int.self, forKey: .classes)
  }
}

private struct SegmentorCase: Decodable {
  let model: ComponentConfiguration
  let originalSize: [Int]?
  let ignoreIndex: Int?

  enum CodingKeys: String, CodingKey {
    case model
    case originalSize = "ori_shape"
    case ignoreIndex = "ignore_index"
  }
}

extension GoldenCase {
  /// The labels of a case; its `ignore_index` becomes the label that is ignored behind loading.
  fileprivate func labels() throws -> [Int32] {
    let configuration = try config.decode(SegmentorCase.self)
    let classes = configuration.model.node["decode_head"]?["num_classes"]?.int
    return try input("label").integers.map {
      $0 == configuration.ignoreIndex ? LabelMeaning.ignored(among: classes) : Int32($0)
    }
  }

  /// How many scores a head of this case gives each pixel, as its classifier's weights say.
  fileprivate func outputChannels() throws -> Int {
    guard let bias = group("state")["conv_seg.bias"] else {
      throw NotBuiltYet(what: "a head without conv_seg")
    }
    return bias.shape.reduce(1, *)
  }

  /// The whole model of a case with its weights, and the size to bring results to.
  fileprivate func segmentor() throws -> (model: EncoderDecoder, originalSize: [Int]?) {
    let configuration = try config.removing(["variants"]).decode(SegmentorCase.self)
    let backbone = configuration.model.node["backbone"]?["type"]?.string ?? ""
    var components = Components()
    components.addBackbones()
    components.addSegmentation()
    guard components.backbones.names.contains(backbone) else { throw NotBuiltYet(what: backbone) }
    let model = try EncoderDecoder(
      configuration.model.node.decode(EncoderDecoder.Configuration.self),
      in: ModelContext(components: components))
    try model.load(group("state"), file: path)
    return (model, configuration.originalSize)
  }
}
