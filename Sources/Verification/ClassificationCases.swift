import Checkpoints
import Classification
import Configuration
import Modeling
import Tensors

/// Mixed batches, soft targets and the accuracy of classifiers.
let classificationCases: [String: CaseRunner] = [
  "soft_cross_entropy": { golden in
    let x = try golden.input("x").tensor.withGradient()
    let targets = try golden.input("target").tensor
    let settings = golden.config.setting(
      "type", to: try ConfigurationNode.parse("CrossEntropyLoss", file: golden.path))
    let loss = try Components().classificationLosses.build(
      ComponentConfiguration(settings), scope: "mmpretrain",
      in: ClassificationLossContext(channels: x.shape[x.rank - 1]))
    let value = loss(x, targets: targets)
    var results = CaseResults()
    results.add("loss.ce", value)
    results.differentiate(golden, losses: ["ce": value], inputs: ["x": (x, { $0 })])
    return results
  },
  "mix_batch": { golden in
    let settings = try golden.config.decode(MixedBatchCase.self)
    let images = try golden.input("img").tensor.channelsLast
    let labels = try golden.input("label").integers.map { Int32(clamping: $0) }
    let (count, height, width) = (images.shape[0], images.shape[1], images.shape[2])
    let mixtures = settings.draws.map { $0.mixture(height: height, width: width) }
    let batch = ClassifiedBatch(
      images: images, labels: labels, classes: settings.classes, smoothing: settings.smoothing)
    let spread = settings.mode.spread(mixtures, count: count)
    let mixed = batch.mixed(by: spread)
    let boxes = mixtures.flatMap { mixture in
      mixture.patch.map {
        [$0.rows.lowerBound, $0.columns.lowerBound, $0.rows.upperBound, $0.columns.upperBound]
      } ?? [0, 0, 0, 0]
    }
    let shares = (settings.mode == .batch ? mixtures : spread).map(\.share)
    var results = CaseResults()
    results.add("output.img", mixed.images.channelsFirst)
    results.add("output.target", mixed.targets)
    results.add("output.lam", Tensor(shares, shape: [shares.count]))
    results.add("output.box", integers: boxes, shape: [mixtures.count, 4])
    return results
  },
  "accuracy": { golden in
    let scores = try golden.input("score").tensor
    let labels = try golden.input("label").integers
    var results = CaseResults()
    for count in try golden.config.decode(AccuracyCase.self).places {
      let accuracy = ClassRanking.accuracy(
        scores: scores.values, labels: labels, classes: scores.shape[1], within: count)
      results.add("output.top\(count)", Tensor(Float(accuracy)))
    }
    return results
  },
]

private struct AccuracyCase: Decodable {
  let places: [Int]
  enum CodingKeys: String, CodingKey { case places = "topk" }
}

private struct MixedBatchCase: Decodable {
  /// What would be drawn at random.
  struct Draw: Decodable {
    let share: Double
    let isPatch: Bool?
    let row, column: Int?

    enum CodingKeys: String, CodingKey {
      case share = "lam"
      case isPatch = "cutmix"
      case row = "cy"
      case column = "cx"
    }

    func mixture(height: Int, width: Int) -> Mixture {
      guard isPatch == true, share < 1 else { return .blend(share: share) }
      return .patch(share: share, centre: (row ?? 0, column ?? 0), height: height, width: width)
    }
  }

  let mode: MixingMode
  let classes: Int
  let smoothing: Float
  let draws: [Draw]

  enum CodingKeys: String, CodingKey {
    case mode, draws
    case classes = "num_classes"
    case smoothing = "label_smoothing"
  }
}
