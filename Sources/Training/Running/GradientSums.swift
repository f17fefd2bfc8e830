import Distribution
import Layers
import Tensors

/// The sums of a step's gradients over its shards. Each weight's gradient is taken as soon as it is whole in the backward
/// pass of a shard, and goes on to the other processes as soon as all shards of this one have it.
final class GradientSums {
  private let parameters: [Parameter]
  private let local: Range<Int>
  /// The weights' places by the numbers of their leaves.
  private let places: [UInt64: Int]
  private var stream: any TensorSum
  private var weights: [Weight]
  /// The weights that each shard has handed over, and which of them had a gradient.
  private var isDone: [Int: [Bool]] = [:]
  private var isPresent: [Int: [Double]] = [:]
  private var failure: (any Error)?

  private struct Weight {
    /// Of the shards up to `next`.
    var sum: ShardSum<Tensor?>
    var next: Int
    /// What later ones gave.
    var waiting: [Int: Tensor?] = [:]
  }

  /// Sums of nothing yet.
  init(of parameters: [Parameter], by reduction: any StepReduction) throws {
    (self.parameters, local) = (parameters, reduction.local)
    stream = try reduction.begin(parameters.map(\.shape))
    let numbered = parameters.enumerated().compactMap { place, parameter in
      parameter.value.leafNumber.map { ($0, place) }
    }
    places = Dictionary(numbered) { first, _ in first }
    weights = parameters.map { _ in Weight(sum: .tensor(reduction.tree), next: reduction.local.lowerBound) }
  }

  /// Runs the backward pass of a shard.
  func collect<R>(ofShard shard: Int, _ body: () throws -> R) throws -> R {
    isDone[shard] = Array(repeating: false, count: parameters.count)
    isPresent[shard] = Array(repeating: 0, count: parameters.count)
    let gradients = GradientCollection { [self] leaf, gradient in
      if let place = places[leaf] { take(gradient, of: place, ofShard: shard) }
    }
    let result = try gradients.collect(body)
    for place in parameters.indices where isDone[shard]?[place] == false {
      take(gradients.take(of: parameters[place].value), of: place, ofShard: shard)
    }
    if let failure { throw failure }
    return result
  }

  /// 1 for each weight to which the shard has given, else 0.
  func presence(ofShard shard: Int) -> [Double] { isPresent[shard] ?? [] }

  /// The sums over all shards of all processes; zeros or nil for weights to which none has given.
  func totals() throws -> [Tensor?] { try stream.totals() }

  private func take(_ gradient: Tensor?, of place: Int, ofShard shard: Int) {
    guard failure == nil else { return }
    isDone[shard]?[place] = true
    if gradient != nil { isPresent[shard]?[place] = 1 }
    do {
      // In the order of the shards, whoever is first.
      weights[place].waiting[shard] = .some(gradient)
      while let next = weights[place].waiting.removeValue(forKey: weights[place].next) {
        try weights[place].sum.add(next, ofShard: weights[place].next)
        weights[place].next += 1
      }
      guard weights[place].next == local.upperBound else { return }
      let parts = weights[place].sum.takeParts()
      try stream.add(parts, at: place)
    } catch { failure = error }
  }
}
