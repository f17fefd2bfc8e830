import Checkpoints
import Configuration
import Layers
import Tensors
import TestSupport
import Testing

import Training

/// An optimiser of a config for some weights.
private func wrapper(
  _ text: String, _ parameters: [(name: String, parameter: Parameter)], norms: Set<String> = []
) throws -> OptimizerWrapper {
  let training = TrainingComponents()
  return try training.optimizerWrappers.build(
    try ComponentConfiguration(ConfigurationNode.parse(text, file: "test.yaml")), scope: nil,
    in: OptimizationContext(parameters: parameters, norms: norms, components: training))
}

private func parameter(_ values: [Float], gradient: [Float]? = nil) -> Parameter {
  let parameter = Parameter([values.count], .zeros)
  parameter.replace(by: Tensor(values, shape: [values.count]))
  parameter.gradient = gradient.map { Tensor($0, shape: [$0.count]) }
  return parameter
}

@Suite("Optimizers")
struct OptimizerTests {
  @Test("AdamW gives PyTorch's weights, also where a gradient is missing")
  func adamW() throws {
    let weight = parameter([1, -2])
    var optimizer = try wrapper(
      """
      type: OptimWrapper
      optimizer: {type: AdamW, lr: 0.1, weight_decay: 0.5, betas: [0.8, 0.9], eps: 1e-3}
      """, [("w", weight)])
    // torch 2.13, torch.optim.AdamW.
    let steps: [(gradient: [Float]?, expected: [Float])] = [
      ([0.5, -0.25], [0.8501995801925659, -1.800398349761963]),
      ([0.1, 1], [0.728929340839386, -1.7699074745178223]),
      (nil, [0.728929340839386, -1.7699074745178223]),
      ([-1, 0], [0.7292056679725647, -1.7256238460540771]),
    ]
    for (gradient, expected) in steps {
      weight.gradient = gradient.map { Tensor($0, shape: [2]) }
      _ = try optimizer.update(rates: [0.1])
      #expect(weight.gradient == nil)
      for (found, expected) in zip(weight.value.values, expected) { #expect(abs(found - expected) < 2e-6) }
    }
  }

  @Test("keep a state that goes on bit for bit")
  func state() throws {
    let text = "{type: OptimWrapper, optimizer: {type: AdamW, lr: 0.1}}"
    func convolution() -> Parameter { Parameter([2, 3, 3, 4], .ones, layout: .channelsLast) }
    let (one, other) = (convolution(), convolution())
    var straight = try wrapper(text, [("w", one)])
    var first = try wrapper(text, [("w", other)])
    func gradient(_ step: Int) -> Tensor { .random([2, 3, 3, 4], seed: step) }
    for step in 0..<6 {
      one.gradient = gradient(step)
      _ = try straight.update(rates: [0.1])
    }
    for step in 0..<3 {
      other.gradient = gradient(step)
      _ = try first.update(rates: [0.1])
    }
    #expect(first.state["exp_avg/w"]?.shape == [2, 4, 3, 3])
    var second = try wrapper(text, [("w", other)])
    try second.restore(first.state, file: "x")
    for step in 3..<6 {
      other.gradient = gradient(step)
      _ = try second.update(rates: [0.1])
    }
    #expect(one.value.values == other.value.values)
    #expect(straight.state == second.state)
  }

  @Test("refuse another model's state")
  func foreignState() throws {
    let text = "{type: OptimWrapper, optimizer: {type: AdamW, lr: 0.1}}"
    let weight = parameter([1], gradient: [1])
    var optimizer = try wrapper(text, [("w", weight)])
    _ = try optimizer.update(rates: [0.1])
    var renamed = try wrapper(text, [("v", weight)])
    #expect(throws: CheckpointError.self) { try renamed.restore(optimizer.state, file: "x") }
    var reshaped = try wrapper(text, [("w", parameter([1, 2]))])
    #expect(throws: CheckpointError.self) { try reshaped.restore(optimizer.state, file: "x") }
  }

  @Test("clip all gradients together and tell the norm before")
  func clip() throws {
    let (a, b) = (parameter([0, 0], gradient: [3, 0]), parameter([0], gradient: [4]))
    var optimizer = try wrapper(
      "{type: OptimWrapper, optimizer: {type: AdamW, lr: 0}, clip_grad: {max_norm: 1, norm_type: 2}}",
      [("a", a), ("b", b)])
    #expect(try optimizer.update(rates: [0]) == 5)
    // The mean of gradients after one step is a tenth of the clipped ones.
    let means = try ["a", "b"].flatMap { try #require(optimizer.state["exp_avg/\($0)"]).tensor.values }
    for (found, expected) in zip(means, [0.06, 0, 0.08]) { #expect(abs(found - Float(expected)) < 1e-6) }
  }

  @Test("add up a norm to the same bits for any number of threads")
  func norm() {
    defer { Threads.count = 0 }
    let gradient = Tensor.random([1 << 18])
    let direct = gradient.values.reduce(0) { $0 + Double($1) * Double($1) }
    let sums = [1, 2, 5].map { threads in
      Threads.count = threads
      return gradient.sumOfSquares
    }
    #expect(sums.allSatisfy { $0 == sums[0] })
    #expect(abs(sums[0] - direct) < 1e-9 * direct)
  }

  @Test("stop before anything is changed where a gradient is not finite", arguments: [Float.nan, .infinity])
  func notFinite(bad: Float) throws {
    let (a, b) = (parameter([1], gradient: [1]), parameter([2], gradient: [bad]))
    var optimizer = try wrapper(
      "{type: OptimWrapper, optimizer: {type: AdamW, lr: 1}}", [("a", a), ("b", b)])
    let error = #expect(throws: NonFiniteGradient.self) { try optimizer.update(rates: [1]) }
    #expect(error?.weight == "b")
    #expect(a.value.values == [1])
  }

  @Test(
    "explain what is wrong",
    arguments: [
      ("{type: AmpOptimWrapper, loss_scale: dynamic, optimizer: {type: AdamW, lr: 1}}", "float32 only"),
      (
        "{type: OptimWrapper, optimizer: {type: RMSprop, lr: 1}}",
        "unknown optimizer 'RMSprop'\n  One of: Adam, AdamW, SGD"
      ),
      ("{type: OptimWrapper, optimizer: {type: SGD, lr: 1, nesterov: true}}", "needs momentum above 0"),
      ("{type: OptimWrapper, optimizer: {type: AdamW}}", "the key 'lr' is missing"),
      ("{type: OptimWrapper, optimizer: {type: AdamW, lr: -1}}", "-1.0 is not in 0.0...1000000.0"),
      ("{type: OptimWrapper, optimizer: {type: AdamW, lr: 1, betas: [0.9, 1]}}", "below 1"),
      (
        "{type: OptimWrapper, optimizer: {type: AdamW, lr: 1}, clip_grad: {type: value, max_norm: 1}}",
        "is not a key of clipping by value"
      ),
      (
        "{type: OptimWrapper, optimizer: {type: AdamW, lr: 1}, clip_grad: {max_norm: 1, norm_type: 0}}",
        "a number above 0, or inf"
      ),
      (
        "{type: OptimWrapper, optimizer: {type: AdamW, lr: 1}, paramwise_cfg: {dcn_offset_lr_mult: 0}}",
        "no deformable convolutions"
      ),
    ])
  func explain(text: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) { _ = try wrapper(text, []) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }
}

@Suite("paramwise_cfg")
struct ParameterwiseSettingsTests {
  @Test(
    "gives each weight its own learning rate",
    arguments: [
      // settings, name, is a norm's, expected multiplier of the rate
      ("{bias_lr_mult: 2}", "head.fc.bias", false, 2.0),
      ("{bias_lr_mult: 2}", "norm.bias", true, 1),
      ("{bias_lr_mult: 2}", "ss2d.dt_projs_bias", false, 1),
      ("{custom_keys: {backbone: {lr_mult: 0.1}}, bias_lr_mult: 2}", "backbone.conv.bias", false, 0.1),
      ("{custom_keys: {head: {lr_mult: 3}, head.fc: {lr_mult: 4}}}", "head.fc.weight", false, 4),
      ("{custom_keys: {ab: {lr_mult: 3}, bc: {lr_mult: 4}}}", "abc", false, 3),
      ("{custom_keys: {head: {decay_mult: 0}}, bias_lr_mult: 2}", "head.bias", false, 1),
      ("{}", "head.bias", false, 1),
    ])
  func rates(settings: String, name: String, isNorm: Bool, expected: Double) throws {
    let optimizer = try wrapper(
      "{type: OptimWrapper, optimizer: {type: AdamW, lr: 1}, paramwise_cfg: \(settings)}",
      [(name, parameter([0]))], norms: isNorm ? [name] : [])
    let group = try #require(optimizer.groups.first).group
    #expect(optimizer.baseRates[group] == expected)
    #expect(optimizer.baseRates[0] == 1)
  }

  @Test(
    "gives each weight its own decay",
    arguments: [
      ("{norm_decay_mult: 0}", "norm.weight", true, 0.0),
      ("{norm_decay_mult: 0, bias_decay_mult: 0.5}", "norm.bias", true, 0),
      ("{bias_decay_mult: 0.5}", "norm.bias", true, 0.5),
      ("{bias_decay_mult: 0.5}", "fc.bias", false, 0.5),
      ("{custom_keys: {norm: {}}, norm_decay_mult: 0}", "norm.weight", true, 1),
      ("{custom_keys: {norm: {decay_mult: 0}}}", "downsample.norm.weight", false, 0),
    ])
  func decays(settings: String, name: String, isNorm: Bool, expected: Double) throws {
    let weight = parameter([1], gradient: [0])
    var optimizer = try wrapper(
      "{type: OptimWrapper, optimizer: {type: AdamW, lr: 1, weight_decay: 0.5}, paramwise_cfg: \(settings)}",
      [(name, weight)], norms: isNorm ? [name] : [])
    _ = try optimizer.update(rates: optimizer.baseRates)
    #expect(weight.value.values == [Float(1 - 0.5 * expected)])
  }

  @Test("knows the norms of a model")
  func norms() {
    #expect(
      ToyModel(ToyModel.Configuration()).tree.normParameterNames
        == ["backbone.norm.weight", "backbone.norm.bias"])
  }
}
