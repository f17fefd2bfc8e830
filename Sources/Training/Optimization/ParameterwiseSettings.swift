import Layers

/// `paramwise_cfg`: learning rates and decays of single weights (mmengine's `DefaultOptimWrapperConstructor`).
public struct ParameterwiseSettings: Decodable, Sendable {
  /// What a part of a name stands for.
  public struct Multipliers: Decodable, Sendable {
    /// Of the learning rate.
    public var rate: Double
    /// Of the weight decay.
    public var decay: Double

    enum CodingKeys: String, CodingKey {
      case rate = "lr_mult"
      case decay = "decay_mult"
    }

    /// Decodes mm's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      rate = try keys.decodeIfPresent(Double.self, forKey: .rate, in: 0...1e6) ?? 1
      decay = try keys.decodeIfPresent(Double.self, forKey: .decay, in: 0...1e6) ?? 1
    }
  }

  /// Multipliers of the weights in whose names a key occurs.
  public var customKeys: [String: Multipliers] = [:]
  /// Of the decay of norms.
  public var normDecay: Double?
  /// Of the decay and the learning rate of biases.
  public var biasDecay, biasRate: Double?

  enum CodingKeys: String, CodingKey {
    case customKeys = "custom_keys"
    case normDecay = "norm_decay_mult"
    case biasDecay = "bias_decay_mult"
    case biasRate = "bias_lr_mult"
    case bypassesDuplicates = "bypass_duplicate"
  }

  /// Every weight as the optimiser says.
  public init() {}

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    customKeys = try keys.decodeIfPresent([String: Multipliers].self, forKey: .customKeys) ?? [:]
    normDecay = try keys.decodeIfPresent(Double.self, forKey: .normDecay, in: 0...1e6)
    biasDecay = try keys.decodeIfPresent(Double.self, forKey: .biasDecay, in: 0...1e6)
    biasRate = try keys.decodeIfPresent(Double.self, forKey: .biasRate, in: 0...1e6)
    // No weight of a model here has two names.
    _ = try keys.decodeIfPresent(Bool.self, forKey: .bypassesDuplicates)
  }

  /// The multipliers of a weight: of the first key, the longest first, that occurs in its name; else by its kind.
  func multipliers(of name: String, isNorm: Bool) -> (rate: Double, decay: Double) {
    if let key = orderedKeys.first(where: { name.contains($0) }), let found = customKeys[key] {
      return (found.rate, found.decay)
    }
    let isBias = name.split(separator: ".").last == "bias"
    let rate = isBias && !isNorm ? biasRate : nil
    let decay = (isNorm ? normDecay : nil) ?? (isBias ? biasDecay : nil)
    return (rate ?? 1, decay ?? 1)
  }

  /// Longest first, equally long ones by the alphabet.
  private var orderedKeys: [String] {
    customKeys.keys.sorted {
      ($1.unicodeScalars.count, $0) < ($0.unicodeScalars.count, $1)
    }
  }

  /// The weights with their settings, and the multiplier of each group's learning rate; the first is 1.
  func groups(
    of parameters: [(name: String, parameter: Parameter)], norms: Set<String>
  ) -> (weights: [TrainedWeight], rateMultipliers: [Double]) {
    var rates = [1.0]
    let weights = parameters.map { name, parameter in
      let own = multipliers(of: name, isNorm: norms.contains(name))
      let group = rates.firstIndex(of: own.rate) ?? rates.count
      if group == rates.count { rates.append(own.rate) }
      return TrainedWeight(name: name, parameter: parameter, group: group, decayMultiplier: own.decay)
    }
    return (weights, rates)
  }
}
