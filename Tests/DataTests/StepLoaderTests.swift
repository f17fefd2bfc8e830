import Data
import Testing

@Suite("The shards of a step")
struct StepLoaderTests {
  private func loader(
    _ count: Int, batchSize: Int, shards: Int, workers: Int = 0, isInfinite: Bool = false,
    dropLast: Bool = false, groups: [Int]? = nil
  ) -> DataLoader {
    DataLoader(
      dataset: MemoryDataset(count: count),
      sampler: PassSampler(
        isInfinite: isInfinite, isShuffled: true, in: SamplerContext(count: count, seed: 5)),
      batchSize: batchSize, workers: workers, dropLast: dropLast, groups: groups, shards: shards, seed: 5)
  }

  private func steps(
    _ loader: DataLoader, _ count: Int, from first: Int = 0, shards: Range<Int>? = nil
  ) throws -> [[[String]]] {
    let steps = loader.steps(startingAt: first, shards: shards ?? 0..<loader.shards)
    return try (0..<count).map { _ in
      try (steps.next() ?? []).map { $0.map { "\($0.index) \($0.number)" } }
    }
  }

  /// Images, batch_size, shards; the sizes of the shards of each step of an epoch, as by mm's `DefaultSampler` on so many
  /// GPUs, which rounds up, and its `drop_last`.
  @Test(
    "of an epoch share out what is left as mm's GPUs do",
    arguments: [
      (16, 2, 4, false, [2, 2]), (10, 2, 4, false, [2, 1]), (10, 2, 4, true, [2]), (3, 2, 4, false, [1]),
      (17, 2, 8, false, [2, 1]), (15, 2, 8, true, [2]), (7, 3, 1, false, [3, 3, 1]), (7, 3, 1, true, [3, 3]),
    ])
  func epoch(count: Int, batchSize: Int, shards: Int, drops: Bool, sizes: [Int]) throws {
    let loader = loader(count, batchSize: batchSize, shards: shards, dropLast: drops)
    #expect(loader.batchesPerEpoch == sizes.count)
    #expect(loader.smallestBatch == sizes.min())
    #expect(loader.imagesPerStep == batchSize * shards)
    for epoch in 0..<2 {
      let found = try (0..<sizes.count).map {
        try loader.step(epoch * sizes.count + $0, shards: 0..<shards)
      }
      #expect(found.map { $0.map(\.count) } == sizes.map { [Int](repeating: $0, count: shards) })
      if !drops { #expect(Set(found.joined().joined().map(\.index)) == Set(0..<count)) }
    }
    let numbers = try (0..<4 * sizes.count).flatMap { try loader.batch($0).map(\.number) }
    #expect(Set(numbers).count == numbers.count, "no number comes twice")
  }

  @Test("without end take the images of one shard after the other, as smaller batches would")
  func endless() throws {
    let (whole, parts) = (
      loader(10, batchSize: 2, shards: 4, isInfinite: true),
      loader(10, batchSize: 2, shards: 1, isInfinite: true)
    )
    let ofParts = try steps(parts, 24).flatMap { $0 }
    #expect(try steps(whole, 6).flatMap { $0 } == ofParts)
    #expect(try steps(whole, 2, from: 4).flatMap { $0 } == Array(ofParts[16...]))
  }

  @Test("are the same for any workers, and for a process that loads only its own", arguments: 0...2)
  func processes(workers: Int) throws {
    for isInfinite in [false, true] {
      for groups in [nil, (0..<21).map { $0 % 3 == 0 ? 1 : 0 }] {
        let alone = try steps(
          loader(21, batchSize: 2, shards: 4, isInfinite: isInfinite, groups: groups), 9)
        let shared = loader(
          21, batchSize: 2, shards: 4, workers: workers, isInfinite: isInfinite, groups: groups)
        #expect(try steps(shared, 9) == alone)
        for shards in [0..<1, 1..<4, 2..<4] {
          #expect(try steps(shared, 5, from: 4, shards: shards) == alone[4...].map { Array($0[shards]) })
        }
        let numbers = alone.joined().joined().map { $0 }
        #expect(Set(numbers).count == numbers.count)
      }
    }
  }

  @Test("hold images of one group only; an epoch's last step begins anew where batches are missing")
  func groups() throws {
    let groups = (0..<11).map { $0 % 4 == 0 ? 1 : 0 }
    let loader = loader(11, batchSize: 2, shards: 4, groups: groups)
    #expect(loader.batchesPerEpoch == 2)
    let step = try (0..<2).map { try loader.step($0, shards: 0..<4) }
    #expect(step.map { $0.map(\.count) } == [[2, 2, 2, 2], [2, 1, 2, 2]])
    #expect(Set(step.joined().joined().map(\.index)) == Set(0..<11))
    #expect(step[1][2].map(\.index) == step[0][0].map(\.index))
    #expect(step[1][2].map(\.number) != step[0][0].map(\.number))
  }
}
