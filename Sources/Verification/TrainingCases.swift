import Checkpoints
import Configuration
import Foundation
import Layers
import Tensors
import Training

/// Optimisers, schedules of the learning rate and clipping.
let trainingCases: [String: CaseRunner] = [
  "optim": runOptimizer,
  "lr_schedule": { golden in
    let configuration = try golden.config.decode(ScheduleConfiguration.self)
    var chain = try configuration.schedules.chain(baseRates: [configuration.baseRate])
    let wanted = try golden.input("step").integers
    var rates: [Int: Double] = [:]
    for iteration in 0...(wanted.max() ?? 0) {
      rates[iteration] = chain.rates[0]
      chain.finish(iteration, of: configuration.schedules.iterationsPerEpoch)
    }
    var results = CaseResults()
    results.add("output.lr", Tensor(wanted.map { Float(rates[$0] ?? .nan) }, shape: [wanted.count]))
    return results
  },
  "clip_grad": { golden in
    guard golden.config["type"]?.string != "value" else { throw NotBuiltYet(what: "clipping by value") }
    let clipping = try golden.config.decode(GradientClipping.self)
    let names = golden.group("input").keys.sorted()
    let parameters = try names.map { name in
      let gradient = try golden.input(name).tensor
      let parameter = Parameter(gradient.shape, .zeros)
      parameter.gradient = gradient
      return parameter
    }
    let norm = parameters.reduce(0) { $0 + ($1.gradient?.sumOfSquares ?? 0) }.squareRoot()
    clipping.clip(parameters, norm: norm)
    var results = CaseResults()
    for (name, parameter) in zip(names, parameters) {
      if let gradient = parameter.gradient { results.add("output.\(name)", gradient) }
    }
    results.add("output.norm", Tensor(Float(norm)))
    return results
  },
]

/// The schedules of a case.
private struct CaseSchedules {
  let components: [ComponentConfiguration]
  let iterationsPerEpoch: Int

  /// - Throws: `NotBuiltYet` for a schedule that does not exist here.
  func chain(baseRates: [Double]) throws -> ScheduleChain {
    let training = TrainingComponents()
    let context = ScheduleContext(
      loop: TrainLoop(.epochs, length: 1_000_000), iterationsPerEpoch: iterationsPerEpoch)
    return ScheduleChain(
      try components.map { component in
        guard training.schedules.names.contains(component.type) else {
          throw NotBuiltYet(what: component.type)
        }
        return try training.schedules.build(component, scope: nil, in: context)
      }, baseRates: baseRates)
  }
}

extension ScheduleChain {
  /// Moves on behind an iteration, counted from 0, and behind the epoch that ends with it.
  fileprivate mutating func finish(_ iteration: Int, of iterationsPerEpoch: Int) {
    advance(iteration: iteration + 1)
    if (iteration + 1) % iterationsPerEpoch == 0 { advance(epoch: (iteration + 1) / iterationsPerEpoch) }
  }
}

private struct ScheduleConfiguration: Decodable {
  let baseRate: Double
  let schedules: CaseSchedules

  enum CodingKeys: String, CodingKey {
    case baseRate = "base_lr"
    case schedules = "param_scheduler"
    case iterationsPerEpoch = "iters_per_epoch"
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    baseRate = try keys.decode(Double.self, forKey: .baseRate)
    schedules = CaseSchedules(
      components: try keys.decode([ComponentConfiguration].self, forKey: .schedules),
      iterationsPerEpoch: try keys.decode(Int.self, forKey: .iterationsPerEpoch, in: 1...1_000_000_000))
  }
}

private struct OptimizerConfiguration: Decodable {
  let wrapper: ComponentConfiguration
  let schedules: CaseSchedules
  let steps: Int

  enum CodingKeys: String, CodingKey {
    case steps
    case wrapper = "optim_wrapper"
    case schedules = "param_scheduler"
    case iterationsPerEpoch = "iters_per_epoch"
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    steps = try keys.decode(Int.self, forKey: .steps, in: 0...10_000)
    wrapper = try keys.decode(ComponentConfiguration.self, forKey: .wrapper)
    schedules = CaseSchedules(
      components: try keys.decode([ComponentConfiguration].self, forKey: .schedules),
      iterationsPerEpoch: try keys.decode(Int.self, forKey: .iterationsPerEpoch, in: 1...1_000_000_000))
  }
}

/// What the golden cases' note calls norm layers.
private let normPrefixes = ["head.bn.", "backbone.norm.", "backbone.outnorm0."]

private let runOptimizer: CaseRunner = { golden in
  let configuration = try golden.config.decode(OptimizerConfiguration.self)
  let training = TrainingComponents()
  if let type = configuration.wrapper.node["optimizer"]?["type"]?.string,
    !training.optimizers.names.contains(type)
  {
    throw NotBuiltYet(what: type)
  }
  guard configuration.wrapper.node["clip_grad"]?["type"]?.string != "value" else {
    throw NotBuiltYet(what: "clipping by value")
  }
  let state = golden.group("state")
  let parameters = state.sorted { $0.key < $1.key }.map { name, value in
    let parameter = Parameter(value.shape, .zeros)
    parameter.replace(by: value.tensor)
    return (name: name, parameter: parameter)
  }
  let norms = Set(parameters.map(\.name).filter { name in normPrefixes.contains { name.hasPrefix($0) } })
  var optimizer = try training.optimizerWrappers.build(
    configuration.wrapper, scope: nil,
    in: OptimizationContext(parameters: parameters, norms: norms, components: training))
  var chain = try configuration.schedules.chain(baseRates: optimizer.baseRates)
  var results = CaseResults()
  for step in 0..<configuration.steps {
    for (name, parameter) in parameters {
      parameter.gradient = golden.tensors["input.grad.\(step).\(name)"]?.tensor
    }
    for (name, group) in optimizer.groups {
      results.add("output.lr.\(step).\(name)", Tensor(Float(chain.rates[group])))
    }
    let norm = try optimizer.update(rates: chain.rates)
    if optimizer.isClipping { results.add("output.grad_norm.\(step)", Tensor(Float(norm))) }
    for (name, parameter) in parameters { results.add("output.param.\(step).\(name)", parameter.value) }
    chain.finish(step, of: configuration.schedules.iterationsPerEpoch)
  }
  return results
}
