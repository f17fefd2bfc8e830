import Configuration
import Imaging
import Tensors
import Testing

import Data

/// Always the same order.
private struct FixedOrder: Sampler {
  let isInfinite: Bool
  let indices: [Int]
  func order(pass: Int) -> [Int] { indices }
}

@Suite("Samplers")
struct SamplerTests {
  @Test(
    "are built from mm's names and keys",
    arguments: [
      ("{type: DefaultSampler, shuffle: false, round_up: false}", false, true),
      ("{type: DefaultSampler}", false, false),
      ("{type: DefaultSampler, seed: 7, round_up: true}", false, false),
      ("{type: InfiniteSampler, shuffle: true, seed: 7}", true, false),
      ("{type: InfiniteSampler, shuffle: false}", true, true),
    ])
  func builds(text: String, isInfinite: Bool, isInOrder: Bool) throws {
    func build(seed: UInt64) throws -> any Sampler {
      try DataComponents().samplers.build(
        component(text), scope: nil, in: SamplerContext(count: 50, seed: seed))
    }
    let sampler = try build(seed: 1)
    #expect(sampler.isInfinite == isInfinite)
    #expect((sampler.order(pass: 0) == Array(0..<50)) == isInOrder)
    #expect(sampler.order(pass: 3).sorted() == Array(0..<50))
    #expect((sampler.order(pass: 0) == sampler.order(pass: 1)) == isInOrder)
    // A seed of its own takes the place of the run's.
    let isIndependent = isInOrder || text.contains("seed")
    #expect((try build(seed: 2).order(pass: 0) == sampler.order(pass: 0)) == isIndependent)
  }

  @Test("refuse unknown keys")
  func refuses() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try DataComponents().samplers.build(
        component("{type: InfiniteSampler, round_up: true}"), scope: nil,
        in: SamplerContext(count: 1, seed: 0))
    }
    #expect("\(try #require(error))".contains("round_up"))
  }

  /// Eleven images, five of them upright.
  private static let sizes = [
    (3, 4), (4, 3), (4, 3), (3, 4), (5, 5), (4, 3), (3, 4), (3, 4), (4, 3), (4, 3), (2, 9),
  ].map { ImageSize(height: $0.1, width: $0.0) }

  private static func loader(
    _ sampler: any Sampler, batchSize: Int, workers: Int = 0, isGrouped: Bool = true, dropLast: Bool = false
  ) throws -> DataLoader {
    let dataset = MemoryDataset(count: 11, sizes: sizes)
    return DataLoader(
      dataset: dataset, sampler: sampler, batchSize: batchSize, workers: workers, dropLast: dropLast,
      groups: isGrouped ? try AspectRatioBatchSampler().groups(of: dataset) : nil, seed: 3)
  }

  private func indices(_ batches: BatchIterator, limit: Int = .max) throws -> [[Int]] {
    var result: [[Int]] = []
    while result.count < limit, let batch = try batches.next() { result.append(batch.map(\.index)) }
    return result
  }

  /// By mmdetection 3.3's AspectRatioBatchSampler over a sampler of these orders.
  @Test(
    "batch by aspect ratio as mmdetection, epoch by epoch",
    arguments: [
      (Array(0...10), 2, [[1, 2], [0, 3], [4, 5], [6, 7], [8, 9], [10]]),
      (Array(0...10), 3, [[1, 2, 4], [0, 3, 6], [5, 8, 9], [7, 10]]),
      (Array(0...10), 4, [[1, 2, 4, 5], [0, 3, 6, 7], [10, 8, 9]]),
      ([4, 7, 2, 0, 9, 1, 3, 10, 5, 8, 6], 2, [[4, 2], [7, 0], [9, 1], [3, 10], [5, 8], [6]]),
      ([4, 7, 2, 0, 9, 1, 3, 10, 5, 8, 6], 3, [[4, 2, 9], [7, 0, 3], [1, 5, 8], [10, 6]]),
      ([4, 7, 2, 0, 9, 1, 3, 10, 5, 8, 6], 4, [[4, 2, 9, 1], [7, 0, 3, 10], [6, 5, 8]]),
    ])
  func groupsEpochs(order: [Int], batchSize: Int, expected: [[Int]]) throws {
    let sampler = FixedOrder(isInfinite: false, indices: order)
    let loader = try Self.loader(sampler, batchSize: batchSize)
    #expect(try indices(loader.batches(epoch: 0)) == expected)
    #expect(try indices(loader.batches(epoch: 2)) == expected)
    let full = try Self.loader(sampler, batchSize: batchSize, dropLast: true)
    #expect(try indices(full.batches(epoch: 1)) == expected.filter { $0.count == batchSize })
  }

  /// By mmdetection 3.3's AspectRatioBatchSampler over a sampler that gives 0 ... 10 again and again.
  @Test(
    "batch by aspect ratio as mmdetection, without end",
    arguments: [
      (
        2,
        [[1, 2], [0, 3], [4, 5], [6, 7], [8, 9], [10, 0], [1, 2], [4, 5], [3, 6], [8, 9]]
      ),
      (
        3,
        [
          [1, 2, 4], [0, 3, 6], [5, 8, 9], [7, 10, 0], [1, 2, 4], [3, 6, 7], [5, 8, 9], [10, 0, 3],
          [1, 2, 4], [5, 8, 9],
        ]
      ),
      (
        4,
        [
          [1, 2, 4, 5], [0, 3, 6, 7], [8, 9, 1, 2], [10, 0, 3, 6], [4, 5, 8, 9], [7, 10, 0, 3],
          [1, 2, 4, 5], [6, 7, 10, 0], [8, 9, 1, 2], [4, 5, 8, 9],
        ]
      ),
    ])
  func groupsWithoutEnd(batchSize: Int, expected: [[Int]]) throws {
    let loader = try Self.loader(
      FixedOrder(isInfinite: true, indices: Array(0...10)), batchSize: batchSize)
    #expect(try indices(loader.batches(), limit: 10) == expected)
    for start in 0..<10 {
      #expect(try indices(loader.batches(startingAt: start), limit: 10 - start) == Array(expected[start...]))
    }
  }

  @Test("fill batches that are larger than a group over several passes")
  func largeBatches() throws {
    let loader = try Self.loader(FixedOrder(isInfinite: true, indices: Array(0...10)), batchSize: 13)
    let batches = try indices(loader.batches(), limit: 12)
    for batch in batches {
      #expect(batch.count == 13)
      #expect(Set(batch.map { Self.sizes[$0].width < Self.sizes[$0].height }).count == 1)
    }
    #expect(batches[0] == [1, 2, 4, 5, 8, 9, 1, 2, 4, 5, 8, 9, 1])
    #expect(batches[1] == [0, 3, 6, 7, 10, 0, 3, 6, 7, 10, 0, 3, 6])
    // Each image as often as its place in the run says.
    let numbers = try (0..<12).flatMap { try loader.batches(startingAt: $0).next()?.map(\.number) ?? [] }
    #expect(Set(numbers).count == 12 * 13)
  }

  @Test(
    "give the same order for any number of workers, from any place on", arguments: [1, 3],
    [(false, false), (false, true), (true, false), (true, true)])
  func ignoresWorkers(workers: Int, kind: (isInfinite: Bool, isGrouped: Bool)) throws {
    let sampler = PassSampler(
      isInfinite: kind.isInfinite, isShuffled: true, in: SamplerContext(count: 11, seed: 9))
    func run(_ workers: Int, from start: Int, _ count: Int) throws -> [[SIMD2<Int>]] {
      let loader = try Self.loader(sampler, batchSize: 3, workers: workers, isGrouped: kind.isGrouped)
      let batches = loader.batches(startingAt: start)
      var places: [[SIMD2<Int>]] = []
      while places.count < count, let batch = try batches.next() {
        places.append(batch.map { SIMD2($0.index, $0.number) })
      }
      return places
    }
    let alone = try run(0, from: 0, 20)
    let numbers = alone.flatMap { $0.map(\.y) }
    #expect(Set(numbers).count == numbers.count)
    for start in [0, 1, 3, 4, 5, 11, 17] {
      #expect(try run(workers, from: start, 20 - start) == Array(alone[start...]))
    }
  }

  @Test("say which image has no known size")
  func needsSizes() throws {
    let dataset = MemoryDataset(count: 1, sizes: [ImageSize(height: 0, width: 0)])
    let error = #expect(throws: DataError.self) { try AspectRatioBatchSampler().groups(of: dataset) }
    #expect("\(try #require(error))".contains("images/0.png: its size is not known"))
    let built = try DataComponents().batchSamplers.build(
      component("{type: AspectRatioBatchSampler, drop_last: true}"), scope: "mmdet",
      in: DataContext(components: DataComponents()))
    #expect(built.dropsLast)
  }
}
