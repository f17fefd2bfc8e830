import Checkpoints
import Configuration
import Foundation
import Layers
import Tensors
import Training

/// Optimisers, schedules of the learning rate and clipping.
let trainingCases: [String: CaseRunner] = [
  "optim": runOptimizer,
  "param_groups": runParameterGroups,
  "ema": runAveraging,
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
    let clipping = try golden.config.decode(GradientClipping.self)
    let names = golden.group("input").keys.sorted()
    let parameters = try names.map { name in
      let gradient = try golden.input(name).tensor
      let parameter = Parameter(gradient.shape, .zeros)
      parameter.gradient = gradient
      return parameter
    }
    let euclidean = parameters.reduce(0) { $0 + ($1.gradient?.sumOfSquares ?? 0) }.squareRoot()
    let norm = clipping.norm(of: parameters, euclidean: euclidean)
    clipping.clip(parameters, norm: norm)
    var results = CaseResults()
    for (name, parameter) in zip(names, parameters) {
      if let gradient = parameter.gradient { results.add("output.\(name)", gradient) }
    }
    if let norm { results.add("output.norm", Tensor(Float(norm))) }
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
      loop: TrainLoop(.epochs, length: 1_000_000_000), iterationsPerEpoch: iterationsPerEpoch)
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
    let divisor = Float(optimizer.lossDivisor(of: step, in: configuration.steps))
    for (name, parameter) in parameters {
      guard var gradient = golden.tensors["input.grad.\(step).\(name)"]?.tensor else { continue }
      gradient.scale(by: 1 / divisor)
      if let earlier = parameter.gradient { gradient.add(earlier, times: 1) }
      parameter.gradient = gradient
    }
    for (name, group, _) in optimizer.groups {
      results.add("output.lr.\(step).\(name)", Tensor(Float(chain.rates[group])))
    }
    if optimizer.updates(after: step, in: configuration.steps),
      let norm = try optimizer.update(rates: chain.rates)
    {
      results.add("output.grad_norm.\(step)", Tensor(Float(norm)))
    }
    for (name, parameter) in parameters { results.add("output.param.\(step).\(name)", parameter.value) }
    chain.finish(step, of: configuration.schedules.iterationsPerEpoch)
  }
  return results
}

/// A module of a case as the rules of parameter groups see it.
private struct CaseModule: Decodable {
  let name: String
  /// `norm`, `dwconv`, or any other.
  let kind: String
  let shapes: [String: [Int]]
  let frozen: [String]
  /// The module that this one is, under a second name.
  let original: String?

  enum CodingKeys: String, CodingKey {
    case name, kind, frozen
    case shapes = "parameters"
    case original = "same_as"
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    name = try keys.decode(String.self, forKey: .name)
    kind = try keys.decode(String.self, forKey: .kind)
    shapes = try keys.decode([String: [Int]].self, forKey: .shapes)
    frozen = try keys.decodeIfPresent([String].self, forKey: .frozen) ?? []
    original = try keys.decodeIfPresent(String.self, forKey: .original)
  }

  func fullName(_ parameter: String) -> String { name.isEmpty ? parameter : "\(name).\(parameter)" }
}

private struct GroupConfiguration: Decodable {
  let wrapper: ComponentConfiguration
  let modules: [CaseModule]

  enum CodingKeys: String, CodingKey {
    case modules
    case wrapper = "optim_wrapper"
  }
}

private let runParameterGroups: CaseRunner = { golden in
  let configuration = try golden.config.decode(GroupConfiguration.self)
  let training = TrainingComponents()
  var known: [String: Parameter] = [:]
  var context = OptimizationContext(parameters: [], norms: [], components: training)
  for module in configuration.modules {
    for (name, shape) in module.shapes.sorted(by: { $0.key < $1.key }) {
      let full = module.fullName(name)
      let parameter =
        module.original.flatMap { known["\($0).\(name)"] } ?? Parameter(shape, .zeros)
      if module.frozen.contains(name) { parameter.isFrozen = true }
      known[full] = parameter
      context.parameters.append((full, parameter))
      if module.kind == "norm" { context.norms.insert(full) }
      if module.kind == "dwconv" { context.depthwise.insert(full) }
    }
  }
  let optimizer = try training.optimizerWrappers.build(configuration.wrapper, scope: nil, in: context)
  var results = CaseResults()
  for (name, group, decay) in optimizer.groups {
    results.add("output.lr.\(name)", Tensor(Float(optimizer.baseRates[group])))
    results.add("output.weight_decay.\(name)", Tensor(Float(decay)))
  }
  return results
}

private let runAveraging: CaseRunner = { golden in
  let settings = try golden.config.decode(AveragingSettings.self)
  let inputs = golden.group("input")
  let calls = Set(inputs.keys.compactMap { $0.split(separator: ".").first.flatMap { Int($0) } }).sorted()
  let names = inputs.keys.filter { $0.hasPrefix("0.") }.map { String($0.dropFirst(2)) }.sorted()
  func isBuffer(_ name: String) -> Bool {
    ["running_mean", "running_var", "num_batches_tracked"].contains(name.split(separator: ".").last ?? "")
  }
  let parameters = try names.filter { !isBuffer($0) }.map { name in
    (name: name, parameter: Parameter(try golden.input("0.\(name)").shape, .zeros))
  }
  let buffers = try names.filter(isBuffer).map { name in
    (name: name, buffer: Buffer(try golden.input("0.\(name)").tensor))
  }
  var averages = AveragedWeights(settings, parameters: parameters, buffers: buffers)
  var results = CaseResults()
  for call in calls {
    for (name, parameter) in parameters {
      parameter.replace(by: try golden.input("\(call).\(name)").tensor)
    }
    for (name, buffer) in buffers { buffer.value = try golden.input("\(call).\(name)").tensor }
    averages.update()
    for (name, tensor) in averages.stateDict ?? [:] { results.add("output.\(call).\(name)", tensor.tensor) }
  }
  return results
}
