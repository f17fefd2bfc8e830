import Configuration
import Data
import Imaging
import Layers
import Masks
import Modeling
import Tensors

// A program's own parts of detectors: nothing here imports the room of detectors.

private struct Width: Decodable, Sendable {
  var channels = 8
  enum CodingKeys: String, CodingKey { case channels }
  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    channels = try keys.decodeIfPresent(Int.self, forKey: .channels) ?? 8
  }
}

/// The finest map alone, through a convolution.
private struct OneMap: Neck {
  let convolution: Conv2d
  let inputChannels: [Int]
  let channels: Int
  let levels = 1
  var tree: ParameterTree { ["conv": .layer(convolution)] }
  func callAsFunction(_ features: [Tensor]) -> [Tensor] { [convolution(features[0])] }
}

/// Proposes the four quarters of each picture, and learns how bright objects are.
private struct QuarterHead: ProposalHead {
  let score: Conv2d
  let inputChannels: Int
  var tree: ParameterTree { ["score": .layer(score)] }
  func misfits(channels: Int, levels: Int) -> [(keyPath: String, message: String)] {
    channels == inputChannels ? [] : [("channels", "\(inputChannels), but the neck has \(channels)")]
  }
  func callAsFunction(_ features: [Tensor]) -> Tensor { score(features[0]) }
  func losses(
    _ output: Tensor, geometry: [ImageGeometry], truths: [Instances], training: ProposalTraining
  ) -> [LossTerm] { [.loss("loss_rpn_cls", (output * output).mean())] }
  func proposals(
    _ output: Tensor, geometry: [ImageGeometry], selection: ProposalSelection
  ) -> [Proposals] {
    geometry.map { geometry in
      let (x, y) = (Float(geometry.size.width) / 2, Float(geometry.size.height) / 2)
      return Proposals(
        boxes: Boxes([0, 0, x, y, x, 0, 2 * x, y, 0, y, x, 2 * y, x, y, 2 * x, 2 * y]),
        scores: [0.9, 0.8, 0.7, 0.6])
    }
  }
}

/// The mean of each region to the classes; boxes stay as they are.
private struct MeanHead: BoxHead {
  let classifier: Linear
  let classes: Int
  let inputChannels: Int
  let inputSide = 7
  var tree: ParameterTree { ["fc": .layer(classifier)] }
  func callAsFunction(_ regions: Tensor) -> BoxHeadOutput {
    BoxHeadOutput(
      scores: classifier(regions.mean(axes: [1, 2])), deltas: .zeros([regions.shape[0], 4]))
  }
  func losses(_ output: BoxHeadOutput, _ targets: RegionTargets) -> [LossTerm] {
    [.loss("loss_cls", crossEntropy(output.scores, labels: targets.labels, ignoreIndex: nil).mean())]
  }
  func decode(_ output: BoxHeadOutput, regions: [Boxes], sizes: [ImageSize]) -> [RegionScores] {
    let rows = output.scores.softmax(axis: -1).values
    var first = 0
    return regions.map { boxes in
      let range = first..<first + boxes.count
      first = range.upperBound
      return RegionScores(
        boxes: boxes,
        scores: range.flatMap { rows[($0 * (classes + 1))..<($0 * (classes + 1) + classes)] })
    }
  }
}

/// One convolution, a mask for all classes.
private struct PlainMaskHead: MaskHead {
  let convolution: Conv2d
  let inputChannels: Int
  let enlargement = 1
  var tree: ParameterTree { ["conv": .layer(convolution)] }
  func callAsFunction(_ regions: Tensor) -> Tensor { convolution(regions) }
  func losses(_ logits: Tensor, targets: [Float], labels: [Int]) -> [LossTerm] {
    guard !labels.isEmpty else { return [.loss("loss_mask", logits.sum())] }
    return [
      .loss(
        "loss_mask", binaryCrossEntropy(logits: logits, targets: Tensor(targets, shape: logits.shape)).mean())
    ]
  }
  func probabilities(_ logits: Tensor, labels: [Int]) -> Tensor {
    logits.reshaped(Array(logits.shape.dropLast())).sigmoid()
  }
}

/// Says that every proposal is an object of the first class.
private struct NaiveRoIHead: RoIHead {
  let weight: Linear
  let learnsMasks = false
  var tree: ParameterTree { ["weight": .layer(weight)] }
  func misfits(channels: Int, levels: Int, training: RoITraining) -> [(keyPath: String, message: String)] {
    []
  }
  func losses(
    _ features: [Tensor], proposals: [Proposals], truths: [Instances], training: RoITraining
  ) -> [LossTerm] { [.loss("loss_cls", weight(features[0]).mean())] }
  func scores(
    _ features: [Tensor], proposals: [Proposals], geometry: [ImageGeometry], selection: RoISelection
  ) -> [InstanceScores] {
    proposals.map {
      InstanceScores(boxes: $0.boxes, scores: $0.scores, labels: $0.scores.map { _ in 0 })
    }
  }
}

/// Squared differences.
private struct SquaredLoss: BoxLoss, Decodable {
  var weight: Float { 1 }
  func losses(_ predictions: Tensor, _ targets: Tensor) -> Tensor {
    let difference = predictions - targets
    return difference * difference
  }
}

extension Components {
  /// Registers a part of each kind under a name that begins with `Own`.
  mutating func addOwnParts() {
    necks.add("OwnNeck") { (c: Width, _: ModelContext) in
      OneMap(
        convolution: Conv2d(8, c.channels, kernel: 1), inputChannels: [8, 8, 8, 8], channels: c.channels)
    }
    rpnHeads.add("OwnRPNHead") { (c: Width, _: ModelContext) in
      QuarterHead(score: Conv2d(c.channels, 1, kernel: 1), inputChannels: c.channels)
    }
    roiHeads.add("OwnRoIHead") { (c: Width, _: ModelContext) in NaiveRoIHead(weight: Linear(c.channels, 1)) }
    boxHeads.add("OwnBoxHead") { (c: Width, context: ModelContext) in
      let classes = context.classes?.count ?? 1
      return MeanHead(
        classifier: Linear(c.channels, classes + 1), classes: classes, inputChannels: c.channels)
    }
    maskHeads.add("OwnMaskHead") { (c: Width, _: ModelContext) in
      PlainMaskHead(convolution: Conv2d(c.channels, 1, kernel: 1), inputChannels: c.channels)
    }
    boxLosses.add("OwnLoss") { (c: SquaredLoss, _: ModelContext) in c }
  }
}
