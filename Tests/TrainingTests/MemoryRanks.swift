import Data
import Distribution
import Tensors

/// Ranks that are threads of one process: every rank puts what it has on a table, and takes what all have put there.
struct MemoryRank: StepReduction {
  /// What the ranks share.
  final class Table: Sendable {
    private struct State {
      var places: [Int: [Part]] = [:]
      var all: [Part] = []
      var round = 0
    }
    private let ranks: Int
    private let state: Locked<State>

    init(ranks: Int) { (self.ranks, state) = (ranks, Locked(State())) }

    fileprivate func exchange(_ parts: [Part], by rank: Int) -> [Part] {
      let round = state.withLock { $0.round }
      state.change { state in
        state.places[rank] = parts
        guard state.places.count == ranks else { return }
        state.all = state.places.sorted { $0.key < $1.key }.flatMap(\.value)
        state.places = [:]
        state.round += 1
      }
      return state.wait { $0.round > round ? $0.all : nil }
    }
  }

  fileprivate struct Part {
    var node: ShardTree.Node
    var tensors: [(shape: [Int], values: [Float])?] = []
    var figures: [Double] = []
  }

  let tree: ShardTree
  let local: Range<Int>
  private let rank: Int
  private let table: Table

  init(_ tree: ShardTree, rank: Int, of ranks: Int, at table: Table) throws {
    (self.tree, self.rank, self.table) = (tree, rank, table)
    local = try tree.leaves(ofRank: rank, of: ranks)
  }

  func total(of sum: ShardSum<[Tensor?]>) throws -> [Tensor?] {
    let own = sum.parts.map { part in
      Part(node: part.node, tensors: part.value.map { $0.map { ($0.shape, $0.values) } })
    }
    let parts = table.exchange(own, by: rank)
    return try (0..<(parts.first?.tensors.count ?? 0)).map { place in
      guard let shape = parts.lazy.compactMap({ $0.tensors[place]?.shape }).first else { return nil }
      let zeros = [Float](repeating: 0, count: shape.reduce(1, *))
      return Tensor(try tree.sum(parts.map { ($0.node, $0.tensors[place]?.values ?? zeros) }), shape: shape)
    }
  }

  func total(of sum: ShardSum<[Double]>) throws -> [Double] {
    let own = sum.parts.map { Part(node: $0.node, figures: $0.value) }
    return try tree.sum(table.exchange(own, by: rank).map { ($0.node, $0.figures) })
  }
}
