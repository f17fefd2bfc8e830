import Checkpoints
import Configuration
import Tensors
import Training

/// Gradient descent with momentum (Polyak, 1964).
public struct HeavyBall: Optimizer {
  /// PyTorch's names.
  struct Settings: Decodable, Sendable {
    let rate: Double
    let momentum: Float

    enum CodingKeys: String, CodingKey {
      case momentum
      case rate = "lr"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      rate = try keys.decode(Double.self, forKey: .rate, in: 0...1000)
      momentum = try keys.decodeIfPresent(Float.self, forKey: .momentum, in: 0...1) ?? 0.9
    }
  }

  private let settings: Settings
  private var speeds: [String: Tensor] = [:]

  init(_ settings: Settings) { self.settings = settings }

  /// `lr`.
  public var baseRate: Double { settings.rate }

  /// Changes every weight that has a gradient.
  public mutating func update(_ weights: [TrainedWeight], rates: [Double]) {
    withoutGradients {
      for weight in weights {
        guard let gradient = weight.parameter.gradient else { continue }
        let speed = speeds[weight.name].map { $0 * settings.momentum + gradient } ?? gradient
        speeds[weight.name] = speed
        weight.parameter.replace(by: weight.parameter.value.detached - speed * Float(rates[weight.group]))
      }
    }
  }

  /// `momentum_buffer/NAME`.
  public func state(of weights: [TrainedWeight]) -> [String: StoredTensor] {
    var state: [String: StoredTensor] = [:]
    for weight in weights {
      guard let speed = speeds[weight.name] else { continue }
      state["momentum_buffer/\(weight.name)"] = StoredTensor(weight.parameter.layout.toPyTorch(speed))
    }
    return state
  }

  /// Takes up what `state` gave.
  public mutating func restore(
    _ state: [String: StoredTensor], of weights: [TrainedWeight], file: String
  ) throws {
    speeds = [:]
    for weight in weights {
      guard let stored = state["momentum_buffer/\(weight.name)"] else { continue }
      let layout = weight.parameter.layout
      guard stored.shape == layout.shapeInPyTorch(weight.parameter.shape) else {
        throw CheckpointError(file: file, "has a momentum of '\(weight.name)' of shape \(stored.shape)")
      }
      speeds[weight.name] = layout.fromPyTorch(stored.tensor)
    }
  }
}
