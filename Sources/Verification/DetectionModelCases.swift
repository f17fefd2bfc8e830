import Backbones
import Checkpoints
import Configuration
import Data
import Detection
import Imaging
import Layers
import Masks
import Modeling
import Tensors

/// Heads of detectors, and Mask R-CNN from end to end.
let detectionModelCases: [String: CaseRunner] = [
  "fpn": { golden in
    let neck = FPN(try golden.config.decode(FPN.Configuration.self))
    try neck.load(golden.group("state"), file: golden.path)
    let levels = try golden.levels()
    var results = CaseResults()
    var outputs: [String: Tensor] = [:]
    for (index, map) in neck(levels.map(\.channelsLast)).enumerated() {
      outputs["\(index)"] = map.channelsFirst
      results.add("output.\(index)", map.channelsFirst)
    }
    results.differentiate(golden, outputs: outputs, model: neck, inputs: golden.named(levels))
    return results
  },
  "rpn_loss": { golden in
    let configuration = try golden.config.decode(RPNCase.self)
    let head = try RPNHead(configuration.head, in: detectionContext)
    try head.load(golden.group("state"), file: golden.path)
    guard let training = configuration.head.training else { throw NotBuiltYet(what: "without train_cfg") }
    let levels = try golden.levels()
    let truths = try configuration.images.indices.map { try golden.truth($0) }
    let losses = head.losses(
      head(levels.map(\.channelsLast)), geometry: configuration.geometry, truths: truths, training: training)
    var results = CaseResults()
    let named = numberedByLevel(losses)
    for (name, loss) in named { results.add("loss.\(name)", loss) }
    results.differentiate(golden, losses: named, model: head, inputs: golden.named(levels))
    return results
  },
  "rpn_predict": { golden in
    let configuration = try golden.config.decode(RPNCase.self)
    let head = try RPNHead(configuration.head, in: detectionContext)
    try head.load(golden.group("state"), file: golden.path)
    guard let selection = configuration.head.testing else { throw NotBuiltYet(what: "without test_cfg") }
    let proposals = head.proposals(
      head(try golden.levels().map(\.channelsLast)), geometry: configuration.geometry, selection: selection)
    var results = CaseResults()
    for (index, image) in proposals.enumerated() {
      results.add("output.bboxes\(index)", Tensor(image.boxes.values, shape: [image.boxes.count, 4]))
      results.add("output.scores\(index)", Tensor(image.scores, shape: [image.scores.count]))
    }
    return results
  },
  "roi_align": { golden in
    let configuration = try golden.config.decode(RoIAlignCase.self)
    guard configuration.mode == "avg" else {
      throw NotBuiltYet(what: "another RoIAlign")
    }
    let x = try golden.input("feat").tensor.withGradient()
    let regions = try golden.regions("rois")
    let side = configuration.outputSize
    let y = roiAlign(
      x.channelsLast, boxes: regions.boxes.values, batchIndices: regions.images, outputSize: (side, side),
      spatialScale: configuration.spatialScale, samplingRatio: configuration.samplingRatio,
      isAligned: configuration.isAligned
    ).channelsFirst
    var results = CaseResults()
    results.add("output.y", y)
    results.differentiate(golden, outputs: ["y": y], inputs: ["feat": (x, { $0 })])
    return results
  },
  "roi_extractor": { golden in
    let extractor = SingleRoIExtractor(try golden.config.decode(SingleRoIExtractor.Configuration.self))
    let levels = try golden.levels()
    let y = extractor(levels.map(\.channelsLast), try golden.regions("rois")).channelsFirst
    var results = CaseResults()
    results.add("output.y", y)
    results.differentiate(golden, outputs: ["y": y], inputs: golden.named(levels))
    return results
  },
  "bbox_head_loss": { golden in
    let (configuration, head) = try boxHead(golden.config)
    try head.load(golden.group("state"), file: golden.path)
    let x = try golden.input("feat").tensor.withGradient()
    let output = head(x.channelsLast)
    let labels = try golden.input("labels").integers
    let positives = labels.indices.filter { labels[$0] < configuration.classes ?? 1 }
    let boxTargets = try golden.input("bbox_targets").tensor.values
    // Cases on deltas have no regions.
    let regions = try? golden.regions("rois").boxes[positives]
    let losses = head.losses(
      output,
      RegionTargets(labels: labels.map { Int32($0) }, positives: positives, regions: regions ?? Boxes()),
      boxTargets: positives.flatMap { boxTargets[(4 * $0)..<(4 * $0 + 4)] })
    var results = CaseResults()
    results.add("output.cls_score", output.scores)
    results.add("output.bbox_pred", output.deltas)
    var named: [String: Tensor] = [:]
    for term in losses {
      results.add("\(term.isMinimized ? "loss" : "output").\(term.name)", term.value)
      if term.isMinimized { named[term.name] = term.value }
    }
    results.differentiate(
      golden, outputs: ["cls_score": output.scores, "bbox_pred": output.deltas], losses: named, model: head,
      inputs: ["feat": (x, { $0 })])
    return results
  },
  "bbox_post": { golden in
    let configuration = try golden.config.decode(BoxPostCase.self)
    let (headConfiguration, head) = try boxHead(configuration.head.node)
    let regions = try golden.regions("rois")
    let output = BoxHeadOutput(
      scores: try golden.input("cls_score").tensor, deltas: try golden.input("bbox_pred").tensor)
    let decoded = head.decode(output, regions: [regions.boxes], sizes: [configuration.size])[0]
    let scaled = decoded.boxes.scaled(x: 1 / configuration.scale[0], y: 1 / configuration.scale[1])
    let selection = configuration.selection
    let found = multiclassNMS(
      scaled, scores: decoded.scores, classes: headConfiguration.classes ?? 1,
      scoreThreshold: selection.scoreThreshold, nms: selection.nms, limit: selection.limit)
    var results = CaseResults()
    results.add("output.bboxes", Tensor(found.boxes.values, shape: [found.boxes.count, 4]))
    results.add("output.scores", Tensor(found.scores, shape: [found.scores.count]))
    results.add("output.labels", integers: found.labels, shape: [found.labels.count])
    return results
  },
  "mask_head_loss": { golden in
    let configuration = try golden.config.decode(FCNMaskHead.Configuration.self)
    let head = try FCNMaskHead(
      configuration, classes: configuration.classes ?? 1, in: detectionContext)
    try head.load(golden.group("state"), file: golden.path)
    let x = try golden.input("feat").tensor.withGradient()
    let logits = head(x.channelsLast)
    let labels = try golden.input("labels").integers
    let targets = try golden.input("targets").tensor.values
    var results = CaseResults()
    results.add("output.mask_pred", logits.channelsFirst)
    var losses: [String: Tensor] = [:]
    for term in head.losses(logits, targets: targets, labels: labels) {
      losses[term.name] = term.value.reshaped([1])
      results.add("loss.\(term.name)", term.value.reshaped([1]))
    }
    results.differentiate(
      golden, outputs: ["mask_pred": logits.channelsFirst], losses: losses.mapValues { $0.reshaped([]) },
      model: head, inputs: ["feat": (x, { $0 })])
    return results
  },
  "mask_rcnn_loss": detectorLosses, "faster_rcnn_loss": detectorLosses,
  "mask_rcnn_predict": detectorPredictions, "faster_rcnn_predict": detectorPredictions,
  "conv_module": { golden in
    let block = try golden.config.decode(ConvModuleCase.self).block
    try block.load(golden.group("state"), file: golden.path)
    let x = try golden.input("x").tensor.withGradient()
    let step = ForwardMode.Step(seed: 0, step: 0, samples: Array(0..<x.shape[0]))
    let y = ForwardMode.training(step) { block(x.channelsLast).channelsFirst }
    var results = CaseResults()
    results.add("output.y", y)
    for (name, buffer) in block.tree.buffers { results.add("output.updated.\(name)", buffer.value) }
    results.differentiate(golden, outputs: ["y": y], model: block, inputs: ["x": (x, { $0 })])
    return results
  },
]

/// The losses of a detector, of each level and stage.
private let detectorLosses: CaseRunner = { golden in
  let (model, geometry) = try golden.detector()
  let images = try golden.input("img").tensor.withGradient()
  let truths = try geometry.indices.map { try golden.truth($0) }
  let losses = model.detailedLosses(images.channelsLast, geometry: geometry, truths: truths)
  var results = CaseResults()
  var named = numberedByLevel(losses.rpn)
  for term in losses.roi where term.isMinimized { named[term.name] = term.value }
  for (name, value) in named {
    let shape = golden.tensors["loss.\(name)"]?.shape ?? []
    results.add("loss.\(name)", value.reshaped(shape))
  }
  for term in losses.roi where !term.isMinimized { results.add("output.\(term.name)", term.value) }
  results.differentiate(golden, losses: named, model: model, inputs: ["img": (images, { $0 })])
  return results
}

/// The objects that a detector finds.
private let detectorPredictions: CaseRunner = { golden in
  let (model, geometry) = try golden.detector()
  let images = try golden.input("img").tensor.channelsLast
  let found = ForwardMode.evaluation {
    let scores = model.scores(images, geometry: geometry)
    return zip(scores, geometry).map { model.decide($0, size: $1.originalSize) }
  }
  var results = CaseResults()
  for (index, image) in found.enumerated() {
    results.add("output.bboxes\(index)", Tensor(image.boxes.values, shape: [image.boxes.count, 4]))
    results.add("output.scores\(index)", Tensor(image.scores, shape: [image.scores.count]))
    results.add("output.labels\(index)", integers: image.labels, shape: [image.labels.count])
    let size = geometry[index].originalSize
    guard let masks = image.masks else { continue }
    results.tensors["output.masks\(index)"] = StoredTensor(
      type: .uint8, shape: [masks.count, size.height, size.width], bytes: masks.flatMap { $0.bitmap.pixels })
  }
  return results
}

/// The box head of a config.
///
/// - Throws: `NotBuiltYet` for a type that does not exist here.
private func boxHead(
  _ node: ConfigurationNode
) throws -> (configuration: ConvFCBBoxHead.Configuration, head: ConvFCBBoxHead) {
  let type = node["type"]?.string ?? ""
  guard let trunk = ConvFCBBoxHead.Trunk.all.first(where: { $0.name == type }) else {
    throw NotBuiltYet(what: type)
  }
  let configuration = try ComponentConfiguration(node).node.decode(ConvFCBBoxHead.Configuration.self)
  return (
    configuration,
    try ConvFCBBoxHead(configuration, trunk, classes: configuration.classes ?? 1, in: detectionContext)
  )
}

/// Losses under the golden cases' names: those of one name, a level each, are numbered.
private func numberedByLevel(_ losses: [LossTerm]) -> [String: Tensor] {
  Dictionary(grouping: losses, by: \.name).reduce(into: [:]) { named, group in
    for (level, term) in group.value.enumerated() { named["\(group.key).\(level)"] = term.value }
  }
}

/// What the parts of detectors are built with.
private var detectionContext: ModelContext {
  var components = Components()
  components.addBackbones()
  components.addDetection()
  return ModelContext(components: components)
}

/// An image of a case; sizes are (height, width), the scale factor (width, height).
private struct ImageCase: Decodable {
  let size: [Int]
  let originalSize: [Int]?
  let paddedSize: [Int]?
  let scale: [Float]?

  enum CodingKeys: String, CodingKey {
    case size = "img_shape"
    case originalSize = "ori_shape"
    case paddedSize = "pad_shape"
    case scale = "scale_factor"
  }

  func geometry(batch: [Int]?) -> ImageGeometry {
    func imageSize(_ pair: [Int]) -> ImageSize { ImageSize(height: pair[0], width: pair[1]) }
    return ImageGeometry(
      size: imageSize(size), paddedSize: imageSize(paddedSize ?? batch ?? size),
      originalSize: imageSize(originalSize ?? size), scale: (scale?[0] ?? 1, scale?[1] ?? 1))
  }
}

private struct RoIAlignCase: Decodable {
  let outputSize: Int
  let spatialScale: Float
  let samplingRatio: Int
  let isAligned: Bool
  let mode: String

  enum CodingKeys: String, CodingKey {
    case outputSize = "output_size"
    case spatialScale = "spatial_scale"
    case samplingRatio = "sampling_ratio"
    case isAligned = "aligned"
    case mode = "pool_mode"
  }
}

/// mmcv's keys of a block.
private struct ConvModuleCase: Decodable {
  let block: ConvModule

  enum CodingKeys: String, CodingKey {
    case stride, padding, dilation, bias
    case inputs = "in_channels"
    case outputs = "out_channels"
    case kernel = "kernel_size"
    case norm = "norm_cfg"
    case activation = "act_cfg"
  }

  private struct Function: Decodable {
    enum Kind: String, Decodable, CaseIterable { case relu = "ReLU", gelu = "GELU", silu = "SiLU" }
    let type: Kind
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func number(_ key: CodingKeys, default value: Int) throws -> Int {
      try keys.decodeIfPresent(Int.self, forKey: key) ?? value
    }
    var activation: Activation? = .relu
    if keys.contains(.activation) {
      switch try keys.decodeIfPresent(Function.self, forKey: .activation)?.type {
      case .relu: activation = .relu
      case .gelu: activation = .gelu
      case .silu: activation = .silu
      case nil: activation = nil
      }
    }
    block = ConvModule(
      try keys.decode(Int.self, forKey: .inputs), try keys.decode(Int.self, forKey: .outputs),
      kernel: try keys.decode(Int.self, forKey: .kernel), stride: try number(.stride, default: 1),
      padding: try number(.padding, default: 0), dilation: try number(.dilation, default: 1),
      bias: try keys.decodeIfPresent(Bool.self, forKey: .bias),
      norm: try keys.decodeIfPresent(NormConfiguration.self, forKey: .norm), activation: activation)
  }
}

private struct RPNCase: Decodable {
  let head: RPNHead.Configuration
  let images: [ImageCase]
  let batchSize: [Int]?

  enum CodingKeys: String, CodingKey {
    case head, images
    case batchSize = "pad_shape"
  }

  var geometry: [ImageGeometry] { images.map { $0.geometry(batch: batchSize) } }
}

private struct BoxPostCase: Decodable {
  let head: ComponentConfiguration
  let selection: RoISelection
  let imageSize: [Int]
  let scale: [Float]

  enum CodingKeys: String, CodingKey {
    case head
    case selection = "test_cfg"
    case imageSize = "img_shape"
    case scale = "scale_factor"
  }

  var size: ImageSize { ImageSize(height: imageSize[0], width: imageSize[1]) }
}

private struct DetectorCase: Decodable {
  let model: ComponentConfiguration
  let images: [ImageCase]
  let batchSize: [Int]?

  enum CodingKeys: String, CodingKey {
    case model, images
    case batchSize = "pad_shape"
  }
}

extension GoldenCase {
  /// `input.level0`, `input.level1`, ... as leaves.
  func levels() throws -> [Tensor] {
    var levels: [Tensor] = []
    while tensors["input.level\(levels.count)"] != nil {
      levels.append(try input("level\(levels.count)").tensor.withGradient())
    }
    return levels
  }

  /// The levels under their names, for differentiation.
  func named(_ levels: [Tensor]) -> [String: (leaf: Tensor, toPyTorch: (Tensor) -> Tensor)] {
    Dictionary(uniqueKeysWithValues: levels.enumerated().map { ("level\($0.offset)", ($0.element, { $0 })) })
  }

  /// Rows of image number and box.
  func regions(_ name: String) throws -> RegionsOfInterest {
    let rows = try input(name).tensor.values
    let numbers = stride(from: 0, to: rows.count, by: 5)
    return RegionsOfInterest(
      boxes: Boxes(numbers.flatMap { rows[($0 + 1)..<($0 + 5)] }), images: numbers.map { Int(rows[$0]) })
  }

  /// The objects of one image, with labels and masks where the case has them.
  func truth(_ image: Int) throws -> Instances {
    let boxes = Boxes(try input("gt_bboxes\(image)").tensor.values)
    let labels =
      tensors["input.gt_labels\(image)"]?.integers ?? [Int](repeating: 0, count: boxes.count)
    let masks = tensors["input.gt_masks\(image)"].map { stored in
      let (height, width) = (stored.shape[1], stored.shape[2])
      return (0..<stored.shape[0]).map {
        ObjectMask.bitmap(
          Bitmap(
            height: height, width: width,
            pixels: Array(stored.bytes[($0 * height * width)..<(($0 + 1) * height * width)])))
      }
    }
    return Instances(
      boxes: boxes, labels: labels, masks: masks, isIgnored: [Bool](repeating: false, count: boxes.count))
  }

  /// The whole model of a case with its weights, and the geometry of its images.
  fileprivate func detector() throws -> (model: TwoStageDetector, geometry: [ImageGeometry]) {
    let configuration = try config.decode(DetectorCase.self)
    guard ["MaskRCNN", "FasterRCNN"].contains(configuration.model.type) else {
      throw NotBuiltYet(what: configuration.model.type)
    }
    let model = try TwoStageDetector(
      configuration.model.node.decode(TwoStageDetector.Configuration.self),
      learnsMasks: configuration.model.type == "MaskRCNN", in: detectionContext)
    try model.load(group("state"), file: path)
    return (model, configuration.images.map { $0.geometry(batch: configuration.batchSize) })
  }
}
