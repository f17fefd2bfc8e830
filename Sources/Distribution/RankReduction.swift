import Files
import Foundation
import Tensors

/// Several processes that share the shards of a step.
public struct RankReduction: StepReduction {
  /// The tree over the shards of a step.
  public let tree: ShardTree
  /// The shards of this rank.
  public let local: Range<Int>
  private let ranks: any Communicator
  private let sum: RankSum

  /// The shards of a step, shared out among ranks.
  ///
  /// - Throws: `DistributionError` when there are more ranks than shards.
  public init(_ tree: ShardTree, over ranks: any Communicator) throws {
    (self.tree, self.ranks) = (tree, ranks)
    local = try tree.leaves(ofRank: ranks.rank, of: ranks.size)
    sum = try RankSum(tree, over: ranks)
  }

  /// As `StepReduction` has it: the tensors of all ranks go into buckets together, the last ones first.
  public func total(of sum: ShardSum<[Tensor?]>) throws -> [Tensor?] {
    let parts = sum.parts.map(\.value)
    guard parts.first?.isEmpty == false else { return [] }
    let shapes = try agreedShapes(of: parts)
    let vectors = parts.map { tensors in
      var numbers: [Float] = []
      numbers.reserveCapacity(shapes.reduce(0) { $0 + ($1?.product ?? 0) })
      for (tensor, shape) in zip(tensors, shapes) {
        guard let shape else { continue }
        // Zeros are what is added in place of nothing in one process, too.
        numbers += tensor?.values ?? Array(repeating: 0, count: shape.product)
      }
      return numbers
    }
    let total = try self.sum.total(vectors)
    var start = 0
    return shapes.map { shape in
      guard let shape else { return nil }
      defer { start += shape.product }
      return Tensor(total[start..<start + shape.product], shape: shape)
    }
  }

  /// As `StepReduction` has it: each bucket is on its way as soon as all of it is there.
  public func begin(_ shapes: [[Int]]) throws -> any TensorSum { BucketedSum(shapes, over: sum) }

  /// As `StepReduction` has it.
  public func total(of sum: ShardSum<[Double]>) throws -> [Double] {
    try self.sum.sum(sum.parts.map(\.value))
  }

  /// The shape of each tensor that some shard has; nil where none has it.
  private func agreedShapes(of parts: [[Tensor?]]) throws -> [[Int]?] {
    let count = parts.first?.count ?? 0
    let own = (0..<count).map { place in parts.lazy.compactMap { $0[place]?.shape }.first }
    // Nearly always all ranks have the same ones, and a number says so.
    var fingerprint = Fingerprint()
    for shape in own {
      for number in (shape ?? []) + [shape == nil ? -1 : -2] { fingerprint.add(number) }
    }
    let all = try ranks.gather(fingerprint.value)
    guard all.contains(where: { $0 != fingerprint.value }) else { return own }
    let texts = try ranks.gather(Array(JSONEncoder().encode(own)))
    var shapes: [[Int]?] = Array(repeating: nil, count: count)
    for (rank, bytes) in texts.enumerated() {
      guard let others = try? JSONDecoder().decode([[Int]?].self, from: Data(bytes)), others.count == count
      else { throw DistributionError("\(ranks.name(of: rank)) has other weights than this one") }
      for place in shapes.indices {
        guard let shape = others[place] else { continue }
        guard shapes[place] ?? shape == shape else {
          throw DistributionError("\(ranks.name(of: rank)) has weights of other shapes than this one")
        }
        shapes[place] = shape
      }
    }
    return shapes
  }
}
