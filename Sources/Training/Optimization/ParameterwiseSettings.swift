import Configuration
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
  /// Of the decay of norms, of depthwise convolutions, and of weights with one axis.
  public var normDecay, depthwiseDecay, flatDecay: Double?
  /// Of the decay and the learning rate of biases.
  public var biasDecay, biasRate: Double?

  enum CodingKeys: String, CodingKey {
    case customKeys = "custom_keys"
    case normDecay = "norm_decay_mult"
    case biasDecay = "bias_decay_mult"
    case biasRate = "bias_lr_mult"
    case depthwiseDecay = "dwconv_decay_mult"
    case flatDecay = "flat_decay_mult"
    case offsetRate = "dcn_offset_lr_mult"
    case bypassesDuplicates = "bypass_duplicate"
  }

  /// Every weight as the optimiser says.
  public init() {}

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func multiplier(_ key: CodingKeys) throws -> Double? {
      try keys.decodeIfPresent(Double.self, forKey: key, in: 0...1e6)
    }
    customKeys = try keys.decodeIfPresent([String: Multipliers].self, forKey: .customKeys) ?? [:]
    (normDecay, biasDecay, biasRate) = (
      try multiplier(.normDecay), try multiplier(.biasDecay), try multiplier(.biasRate)
    )
    (depthwiseDecay, flatDecay) = (try multiplier(.depthwiseDecay), try multiplier(.flatDecay))
    if keys.contains(.offsetRate), try !keys.decodeNil(forKey: .offsetRate) {
      throw keys.refusal("there are no deformable convolutions here: leave it out", forKey: .offsetRate)
    }
    // A weight with two names is moved once, with or without it: twice would be no step of the optimiser's.
    _ = try keys.decodeIfPresent(Bool.self, forKey: .bypassesDuplicates)
  }

  /// The multipliers of a weight: of the first key, the longest first, that occurs in its name; else by its kind.
  func multipliers(
    of name: String, axes: Int, isNorm: Bool, isDepthwise: Bool
  ) -> (rate: Double, decay: Double) {
    // mm's name of a weight of the model itself begins with a dot.
    let searched = name.contains(".") ? name : "." + name
    if let key = orderedKeys.first(where: { searched.contains($0) }), let found = customKeys[key] {
      return (found.rate, found.decay)
    }
    let isBias = name.split(separator: ".").last == "bias"
    let rate = isBias && !isNorm ? biasRate : nil
    let decay =
      (isNorm ? normDecay : nil) ?? (isBias ? biasDecay : nil) ?? (isDepthwise ? depthwiseDecay : nil)
      ?? (axes == 1 ? flatDecay : nil)
    return (rate ?? 1, decay ?? 1)
  }

  /// Longest first, equally long ones by the alphabet.
  private var orderedKeys: [String] {
    customKeys.keys.sorted {
      ($1.unicodeScalars.count, $0) < ($0.unicodeScalars.count, $1)
    }
  }

  /// The weights that are not frozen, each once, with their settings, and the multiplier of each group's learning rate;
  /// the first is 1.
  func groups(of context: OptimizationContext) -> (weights: [TrainedWeight], rateMultipliers: [Double]) {
    var rates = [1.0]
    var seen: Set<ObjectIdentifier> = []
    let weights = context.parameters.compactMap { name, parameter -> TrainedWeight? in
      guard !parameter.isFrozen, seen.insert(ObjectIdentifier(parameter)).inserted else { return nil }
      let own = multipliers(
        of: name, axes: parameter.shape.count, isNorm: context.norms.contains(name),
        isDepthwise: context.depthwise.contains(name))
      let group = rates.firstIndex(of: own.rate) ?? rates.count
      if group == rates.count { rates.append(own.rate) }
      return TrainedWeight(name: name, parameter: parameter, group: group, decayMultiplier: own.decay)
    }
    return (weights, rates)
  }
}
