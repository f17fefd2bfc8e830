import Configuration
import Data
import Layers
import Masks
import Modeling
import Tensors

/// Proposes a square around each place of the finest map, by a score.
public struct CellProposalHead: ProposalHead {
  /// Its keys.
  struct Settings: Decodable, Sendable {
    let inputChannels: Int
    let stride: Int
    let side: Float
    let loss: ComponentConfiguration

    enum CodingKeys: String, CodingKey {
      case stride, side
      case inputChannels = "in_channels"
      case loss = "loss_cls"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...64)
      stride = try keys.decodeIfPresent(Int.self, forKey: .stride, in: 1...64) ?? 4
      side = try keys.decodeIfPresent(Float.self, forKey: .side, in: 1...1024) ?? 12
      loss = try keys.decode(ComponentConfiguration.self, forKey: .loss)
    }
  }

  private let settings: Settings
  private let scores: Conv2d
  private let loss: any ClassificationLoss

  init(_ settings: Settings, in context: ModelContext) throws {
    self.settings = settings
    scores = Conv2d(settings.inputChannels, 1, kernel: 1)
    loss = try context.classificationLoss(settings.loss, channels: 1, advice: "needs use_sigmoid: true") {
      $0.usesSigmoid
    }
  }

  /// Weights of the scores.
  public var tree: ParameterTree { ["scores": .layer(scores)] }

  /// The neck's width has to be its own.
  public func misfits(channels: Int, levels: Int) -> [(keyPath: String, message: String)] {
    channels == settings.inputChannels
      ? [] : [("in_channels", "\(settings.inputChannels), but the neck's maps have \(channels)")]
  }

  /// Scores `[B, h, w, 1]` of the finest map.
  public func callAsFunction(_ features: [Tensor]) -> Tensor { scores(features[0]) }

  /// `loss_rpn_cls`.
  public func losses(
    _ output: Tensor, geometry: [ImageGeometry], truths: [Instances], training: ProposalTraining
  ) -> [LossTerm] {
    let cells = cells(of: output)
    // Through a sigmoid, label 0 is the one class and label 1 is none.
    let labels = truths.flatMap { truth -> [Int32] in
      training.sampling.assigner.assign(cells, to: truth).numbers.map { $0 > 0 ? 0 : 1 }
    }
    return [.loss("loss_rpn_cls", loss(output.reshaped([labels.count, 1]), labels: labels))]
  }

  /// The squares with the best scores, less those that overlap them.
  public func proposals(
    _ output: Tensor, geometry: [ImageGeometry], selection: ProposalSelection
  ) -> [Proposals] {
    let cells = cells(of: output)
    let scores = withoutGradients { output.sigmoid() }.values
    return geometry.enumerated().map { image, geometry in
      let own = Array(scores[image * cells.count..<(image + 1) * cells.count])
      let boxes = cells.clipped(width: Float(geometry.size.width), height: Float(geometry.size.height))
      let kept = Array(selection.nms(boxes, scores: own).prefix(selection.limit))
      return Proposals(boxes: boxes[kept], scores: kept.map { own[$0] })
    }
  }

  private func cells(of output: Tensor) -> Boxes {
    let (stride, half) = (Float(settings.stride), settings.side / 2)
    var boxes = Boxes()
    for row in 0..<output.shape[1] {
      for column in 0..<output.shape[2] {
        let (x, y) = ((Float(column) + 0.5) * stride, (Float(row) + 0.5) * stride)
        boxes.append(SIMD4(x - half, y - half, x + half, y + half))
      }
    }
    return boxes
  }
}
