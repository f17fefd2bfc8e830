import Checkpoints
import Configuration
import Layers
import Tensors

/// How averages of weights are taken (mmengine's averaged models).
public struct AveragingSettings: Decodable, Sendable {
  /// By how much an average moves towards a weight.
  public enum Rule: String, Decodable, CaseIterable, Sendable {
    /// By `momentum`.
    case exponential = "ExponentialMovingAverage"
    /// By what makes it the mean over all calls (Izmailov et al., "Averaging Weights Leads to Wider Optima", 2018).
    case stochastic = "StochasticWeightAverage"
    /// By more than `momentum` at first: `gamma / (gamma + calls)`.
    case annealing = "MomentumAnnealingEMA"
  }

  /// `ema_type`.
  public var rule: Rule
  /// The share of a new weight.
  public var momentum: Double
  /// Of the annealing.
  public var gamma: Double
  /// Calls from one average to the next.
  public var interval: Int
  /// `update_buffers`: whether buffers are averaged, too; otherwise they are those of the model.
  public var averagesBuffers: Bool

  enum CodingKeys: String, CodingKey {
    case momentum, gamma, interval
    case rule = "ema_type"
    case type
    case averagesBuffers = "update_buffers"
  }

  /// Decodes mm's keys; `ema_type` is called `type` where the averages are a component of their own.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(keys, type: .type)
  }

  /// The keys of a hook, whose `type` is its own.
  init(ofHook decoder: any Decoder) throws {
    try self.init(try decoder.container(keyedBy: CodingKeys.self), type: .rule)
  }

  private init(_ keys: KeyedDecodingContainer<CodingKeys>, type: CodingKeys) throws {
    let rule = try keys.decodeIfPresent(Rule.self, forKey: type) ?? .exponential
    self.rule = rule
    func refuse(_ key: CodingKeys, unless isKnown: Bool) throws {
      guard keys.contains(key), !isKnown else { return }
      throw keys.refusal("is not a key of \(rule.rawValue)", forKey: key)
    }
    try refuse(.momentum, unless: rule != .stochastic)
    try refuse(.gamma, unless: rule == .annealing)
    momentum = try keys.decodeIfPresent(Double.self, forKey: .momentum, in: 0...1) ?? 0.0002
    guard momentum > 0, momentum < 1 else {
      throw keys.refusal("a number above 0 and below 1 is wanted", forKey: .momentum)
    }
    gamma = try keys.decodeIfPresent(Double.self, forKey: .gamma, in: 0...1e12) ?? 100
    guard gamma > 0 else { throw keys.refusal("a number above 0 is wanted", forKey: .gamma) }
    interval = try keys.decodeIfPresent(Int.self, forKey: .interval, in: 1...1_000_000_000) ?? 1
    averagesBuffers = try keys.decodeIfPresent(Bool.self, forKey: .averagesBuffers) ?? false
  }

  /// How far an average moves at a call, counted from 0.
  func share(at call: Int) -> Double {
    switch rule {
    case .exponential: momentum
    case .stochastic: 1 / Double(call / interval + 1)
    case .annealing: max(momentum, gamma / (gamma + Double(call)))
    }
  }
}

/// Averages of a model's weights over training, moved in place.
///
/// The first call copies; later ones average where their number is a multiple of `interval`.
public struct AveragedWeights {
  private let settings: AveragingSettings
  private let parameters: [(name: String, parameter: Parameter)]
  private let buffers: [(name: String, buffer: Buffer)]
  /// In memory's layout; nothing before the first call.
  private var means: [Tensor] = []
  /// Where buffers are averaged; of a counter what it was at the first call.
  private var bufferMeans: [(value: Tensor, count: Int?)] = []
  /// Calls so far.
  public private(set) var calls = 0

  /// No averages yet.
  public init(
    _ settings: AveragingSettings, parameters: [(name: String, parameter: Parameter)],
    buffers: [(name: String, buffer: Buffer)]
  ) {
    (self.settings, self.parameters, self.buffers) = (settings, parameters, buffers)
  }

  /// Takes in the weights as they are now.
  public mutating func update() {
    if calls == 0 {
      means = parameters.map { $0.parameter.value.detached }
      if settings.averagesBuffers { bufferMeans = buffers.map { ($0.buffer.value, $0.buffer.count) } }
    } else if calls.isMultiple(of: settings.interval) {
      let share = Float(settings.share(at: calls))
      for index in means.indices { means[index].move(towards: parameters[index].parameter.value, by: share) }
      for index in bufferMeans.indices where bufferMeans[index].count == nil {
        bufferMeans[index].value.move(towards: buffers[index].buffer.value, by: share)
      }
    }
    calls += 1
  }

  /// Averages and buffers under their PyTorch names; nil before the first call.
  public var stateDict: [String: StoredTensor]? {
    guard calls > 0 else { return nil }
    var tensors: [String: StoredTensor] = [:]
    for (weight, mean) in zip(parameters, means) {
      tensors[weight.name] = StoredTensor(weight.parameter.layout.toPyTorch(mean))
    }
    for (index, entry) in buffers.enumerated() {
      let (value, count) =
        settings.averagesBuffers ? bufferMeans[index] : (entry.buffer.value, entry.buffer.count)
      tensors[entry.name] = count.map { StoredTensor(integers: [$0], shape: []) } ?? StoredTensor(value)
    }
    return tensors
  }

  /// Takes up averages that `stateDict` gave after so many calls.
  ///
  /// - Throws: `CheckpointError` that names `file` when they are not those of these weights.
  public mutating func restore(
    _ tensors: [String: StoredTensor], calls: Int, file: String
  ) throws {
    func stored(_ name: String, shape: [Int]) throws -> StoredTensor {
      guard let tensor = tensors[name], tensor.shape == shape else {
        throw CheckpointError(file: file, "has no average of '\(name)' of shape \(shape)")
      }
      return tensor
    }
    means = try parameters.map { name, parameter in
      let shape = parameter.layout.shapeInPyTorch(parameter.shape)
      return parameter.layout.fromPyTorch(try stored(name, shape: shape).tensor)
    }
    if settings.averagesBuffers {
      bufferMeans = try buffers.map { name, buffer in
        let tensor = try stored(name, shape: buffer.count == nil ? buffer.value.shape : [])
        return (tensor.tensor, buffer.count == nil ? nil : tensor.integers.first)
      }
    }
    self.calls = calls
  }
}
