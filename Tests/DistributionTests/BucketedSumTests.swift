import Data
import Distribution
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Tensors that are summed one by one")
struct BucketedSumTests {
  /// Of more than one bucket of 1 MiB, cut within a tensor, and one without numbers.
  private static let shapes = [[200_000], [3, 5], [0], [150, 1000], [7]]

  /// What each shard has; not all have all.
  private static func tensor(_ place: Int, ofShard shard: Int) -> Tensor? {
    guard place != 1 || shard == 3, place != 4 else { return nil }
    return .random(shapes[place], seed: 100 * place + shard)
  }

  /// The sums of one rank's subtrees.
  private static func parts(_ place: Int, _ reduction: any StepReduction) throws -> [Tensor?] {
    var sum = ShardSum<Tensor?>.tensor(reduction.tree)
    for shard in reduction.local { try sum.add(tensor(place, ofShard: shard), ofShard: shard) }
    return sum.takeParts()
  }

  @Test("have the bits of one process, whatever the number of ranks and the order on each", arguments: 1...8)
  func bits(ranks: Int) throws {
    let tree = try ShardTree(shards: 8)
    func totals(_ reduction: any StepReduction, _ order: [Int]) throws -> [[Float]?] {
      var sum = try reduction.begin(Self.shapes)
      for place in order { try sum.add(Self.parts(place, reduction), at: place) }
      return try sum.totals().map { $0?.values }
    }
    let wanted = try totals(SoleProcess(tree), Array(Self.shapes.indices))
    let found = try together(LocalCommunicator.group(of: ranks)) { communicator in
      let reduction = try RankReduction(tree, over: communicator)
      // Another order on each rank, and words in between.
      let order = Self.shapes.indices.map { ($0 + communicator.rank) % Self.shapes.count }
      var sum = try reduction.begin(Self.shapes)
      for place in order {
        try sum.add(Self.parts(place, reduction), at: place)
        #expect(try communicator.gather(UInt64(place)).count == ranks)
      }
      // Sums of others while the buckets are under way.
      var others = ShardSum<[Tensor?]>.tensors(tree)
      for shard in reduction.local { try others.add([Tensor(Float(shard))], ofShard: shard) }
      #expect(try reduction.total(of: others)[0]?.scalar == 28)
      return try sum.totals().map { $0?.values }
    }
    for totals in found {
      #expect(totals[0] == wanted[0] && totals[1] == wanted[1] && totals[3] == wanted[3])
      // Nobody has the last one.
      #expect(totals[2] ?? [] == [] && totals[4].map { $0.allSatisfy { $0 == 0 } } ?? true)
    }
  }

  @Test("end with the error of a rank that does not answer, and are let go of half-way")
  func failures() throws {
    let ranks = LocalCommunicator.group(of: 2, timeout: 0.05)
    let reduction = try RankReduction(ShardTree(shards: 2), over: ranks[0])
    var sum = try reduction.begin([[4], [4]])
    try sum.add([.zeros([4])], at: 1)
    #expect(throws: DistributionError.self) { try sum.totals() }
    try sum.add([.zeros([4])], at: 0)
    #expect {
      try sum.totals()
    } throws: {
      "\($0)".contains("rank 1 has not answered")
    }
  }
}
