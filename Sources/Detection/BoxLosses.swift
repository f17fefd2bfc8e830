import Configuration
import Modeling
import Tensors

/// The absolute difference of each number (mmdetection's `L1Loss`).
public struct L1Loss: BoxLoss, Decodable {
  private let settings: BoxLossSettings

  /// Factor of the loss.
  public var weight: Float { settings.weight }

  /// A loss with a factor.
  public init(weight: Float = 1) { settings = BoxLossSettings(weight: weight) }

  /// Decodes mmdetection's keys.
  public init(from decoder: any Decoder) throws { settings = try BoxLossSettings(from: decoder) }

  /// `[N, 4]`.
  public func losses(_ predictions: Tensor, _ targets: Tensor) -> Tensor { l1(predictions, targets) }
}

/// Squared near 0 and absolute further on (Girshick, arXiv:1504.08083, equation 3; mmdetection's `SmoothL1Loss`).
public struct SmoothL1Loss: BoxLoss, Decodable {
  private let settings: BoxLossSettings
  /// The difference at which the two parts meet; 0 gives `L1Loss`.
  public let beta: Float

  enum CodingKeys: CodingKey { case beta }

  /// Factor of the loss.
  public var weight: Float { settings.weight }

  /// A loss with a factor.
  public init(beta: Float = 1, weight: Float = 1) {
    (self.beta, settings) = (beta, BoxLossSettings(weight: weight))
  }

  /// Decodes mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    settings = try BoxLossSettings(from: decoder)
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    beta = try keys.decodeIfPresent(Float.self, forKey: .beta) ?? 1
    guard beta > 0 else { throw keys.refusal("\(beta) is not above 0", forKey: .beta) }
  }

  /// `[N, 4]`.
  public func losses(_ predictions: Tensor, _ targets: Tensor) -> Tensor {
    smoothL1(predictions, targets, beta: beta)
  }
}

/// 1 - generalised intersection over union of two boxes (Rezatofighi et al., arXiv:1902.09630, algorithm 1;
/// mmdetection's `GIoULoss`).
public struct GIoULoss: BoxLoss, Decodable {
  private let settings: BoxLossSettings
  /// The least union and hull, in square pixels.
  public let epsilon: Float

  enum CodingKeys: String, CodingKey { case epsilon = "eps" }

  /// Factor of the loss.
  public var weight: Float { settings.weight }
  /// It compares areas: only boxes will do.
  public var isOfBoxes: Bool { true }

  /// A loss with a factor.
  public init(epsilon: Float = 1e-6, weight: Float = 1) {
    (self.epsilon, settings) = (epsilon, BoxLossSettings(weight: weight))
  }

  /// Decodes mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    settings = try BoxLossSettings(from: decoder)
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    epsilon = try keys.decodeIfPresent(Float.self, forKey: .epsilon) ?? 1e-6
    guard epsilon > 0, epsilon.isFinite else {
      throw keys.refusal("\(epsilon) is not above 0", forKey: .epsilon)
    }
  }

  /// `[N]`.
  public func losses(_ predictions: Tensor, _ targets: Tensor) -> Tensor {
    let count = predictions.shape[0]
    guard count > 0 else { return predictions.sum(axes: [1]) }
    let (a, b) = (corners(predictions), corners(targets))
    let overlap = area(
      from: larger(a.low, b.low), to: smaller(a.high, b.high), least: 0)
    let union = (area(from: a.low, to: a.high) + area(from: b.low, to: b.high) - overlap)
      .clamped(to: epsilon...Float.greatestFiniteMagnitude)
    let hull = area(from: smaller(a.low, b.low), to: larger(a.high, b.high), least: 0)
      .clamped(to: epsilon...Float.greatestFiniteMagnitude)
    return (1 - (overlap / union - (hull - union) / hull)).reshaped([count])
  }

  /// Upper left and lower right, `[N, 2]` each.
  private func corners(_ boxes: Tensor) -> (low: Tensor, high: Tensor) {
    (boxes.sliced(axis: 1, from: 0, to: 2), boxes.sliced(axis: 1, from: 2, to: 4))
  }

  /// `[N, 1]`; no side is shorter than `least`, where that is given.
  private func area(from low: Tensor, to high: Tensor, least: Float? = nil) -> Tensor {
    var sides = high - low
    if let least { sides = sides.clamped(to: least...Float.greatestFiniteMagnitude) }
    return sides.sliced(axis: 1, from: 0, to: 1) * sides.sliced(axis: 1, from: 1, to: 2)
  }

  /// The larger of each two numbers; equal ones share the gradient.
  private func larger(_ a: Tensor, _ b: Tensor) -> Tensor {
    concatenated([a.expandedAxis(at: 2), b.expandedAxis(at: 2)], axis: 2).maximum(axes: [2])
  }

  private func smaller(_ a: Tensor, _ b: Tensor) -> Tensor { -larger(-a, -b) }
}

extension Components {
  /// Registers the losses of boxes: a new one is a struct here or in a file of its own, and a line.
  mutating func addBoxLosses() {
    boxLosses.add("L1Loss", description: "The absolute difference of each number") {
      (c: L1Loss, _: ModelContext) in c
    }
    boxLosses.add("SmoothL1Loss", description: "Squared near 0, absolute further on") {
      (c: SmoothL1Loss, _: ModelContext) in c
    }
    boxLosses.add("GIoULoss", description: "1 - generalised intersection over union of boxes") {
      (c: GIoULoss, _: ModelContext) in c
    }
  }
}
