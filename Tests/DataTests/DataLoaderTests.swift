import Foundation
import Imaging
import Tensors
import Testing

import Data

/// Marks each sample with a random number, and fails for one image.
private struct Marking: Transform {
  var broken: Int?
  var dropped: Set<Int> = []

  func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    if sample.index == broken { throw DataError(file: nil, "broken on purpose") }
    if dropped.contains(sample.index) { return nil }
    var sample = sample
    sample.scaleFactor.width = random.uniform()
    return sample
  }
}

/// Counts the samples.
private struct Counting: Transform {
  let counter: Locked<Int>

  func callAsFunction(_ sample: Sample, random: inout RandomGenerator) -> Sample? {
    counter.change { $0 += 1 }
    return sample
  }
}

/// Holds image 0 until the gate opens, and fails for one image.
private struct Gated: Transform {
  let gate: Locked<Bool>
  var broken: Int?

  func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    if sample.index == broken { throw DataError(file: nil, "broken on purpose") }
    if sample.index == 0 { gate.wait { $0 ? () : nil } }
    return sample
  }
}

@Suite("The data loader")
struct DataLoaderTests {
  private func loader(
    count: Int = 10, batchSize: Int = 3, workers: Int = 0, isInfinite: Bool = false, isShuffled: Bool = true,
    dropLast: Bool = false, transform: any Transform = Marking(), isTest: Bool = false
  ) -> DataLoader {
    let dataset = MemoryDataset(count: count, pipeline: Pipeline([transform]), isTest: isTest)
    let sampler = PassSampler(
      isInfinite: isInfinite, isShuffled: isShuffled, in: SamplerContext(count: count, seed: 5))
    return DataLoader(
      dataset: dataset, sampler: sampler, batchSize: batchSize, workers: workers, dropLast: dropLast, seed: 5)
  }

  private func all(_ batches: BatchIterator, limit: Int = .max) throws -> [[Sample]] {
    var result: [[Sample]] = []
    while result.count < limit, let batch = try batches.next() { result.append(batch) }
    return result
  }

  private func keys(_ batches: [[Sample]]) -> [[String]] {
    batches.map { $0.map { "\($0.index) \($0.number) \($0.scaleFactor.width)" } }
  }

  @Test("gives the same samples for any number of workers", arguments: [1, 2, 5])
  func ignoresWorkers(workers: Int) throws {
    let alone = try keys(all(loader(count: 100).batches(epoch: 1)))
    #expect(try keys(all(loader(count: 100, workers: workers).batches(epoch: 1))) == alone)
    #expect(alone.count == 34)
  }

  @Test("shows each image once an epoch, in another order each time")
  func walksEpochs() throws {
    let loader = loader()
    let epochs = try (0..<3).map { try all(loader.batches(epoch: $0)).flatMap { $0 } }
    for (epoch, samples) in epochs.enumerated() {
      #expect(Set(samples.map(\.index)) == Set(0..<10))
      #expect(samples.map(\.number) == Array(epoch * 10..<(epoch + 1) * 10))
    }
    #expect(epochs[0].map(\.index) != epochs[1].map(\.index))
    #expect(
      try all(self.loader(isShuffled: false).batches(epoch: 4)).flatMap { $0 }.map(\.index) == Array(0..<10))
  }

  @Test("begins in the middle as if it had come there", arguments: [0, 2])
  func resumes(workers: Int) throws {
    let loader = loader(workers: workers)
    let whole = try keys(all(loader.batches(epoch: 2)))
    #expect(try keys(all(loader.batches(epoch: 2, startingAt: 2))) == Array(whole.dropFirst(2)))
    #expect(try all(loader.batches(epoch: 2, startingAt: 4)).isEmpty)
    let run = try keys(all(loader.batches(), limit: 12))
    #expect(Array(run[8..<12]) == whole)
    #expect(try keys(all(loader.batches(startingAt: 7), limit: 5)) == Array(run[7..<12]))
  }

  @Test("goes over the end of a pass without end")
  func runsWithoutEnd() throws {
    let loader = loader(workers: 2, isInfinite: true)
    let samples = try all(loader.batches(), limit: 20).flatMap { $0 }
    #expect(samples.map(\.number) == Array(0..<60))
    for pass in 0..<6 { #expect(Set(samples[pass * 10..<(pass + 1) * 10].map(\.index)) == Set(0..<10)) }
    #expect(
      try all(loader.batches(startingAt: 3), limit: 5).flatMap { $0 }.map(\.index)
        == samples[9..<24].map(\.index))
  }

  @Test(
    "leaves out a batch that is not full, if asked", arguments: [(false, [3, 3, 3, 1]), (true, [3, 3, 3])])
  func dropsLast(drops: Bool, sizes: [Int]) throws {
    let loader = loader(dropLast: drops)
    #expect(try all(loader.batches(epoch: 0)).map(\.count) == sizes)
    #expect(loader.batchesPerEpoch == sizes.count)
  }

  @Test("has no batches of no images", arguments: [0, 2])
  func emptySet(workers: Int) throws {
    #expect(try loader(count: 0, workers: workers).batches(epoch: 0).next() == nil)
    #expect(try loader(count: 0, workers: workers, isInfinite: true).batches().next() == nil)
    #expect(try loader(count: 2, workers: workers, dropLast: true).batches().next() == nil)
  }

  @Test("throws a broken sample's error with its file, and ends", arguments: [0, 1, 3])
  func passesErrors(workers: Int) throws {
    let batches = loader(workers: workers, isShuffled: false, transform: Marking(broken: 7)).batches(epoch: 0)
    // Workers may meet it before the batches in front of it are asked for.
    var indices: [Int] = []
    #expect(throws: DataError(file: "images/7.png", "broken on purpose")) {
      while let batch = try batches.next() { indices += batch.map(\.index) }
    }
    #expect(indices == Array(0..<indices.count) && indices.count <= 6 && (workers > 0 || indices.count == 6))
    #expect(try batches.next() == nil)
  }

  @Test(
    "ends within two seconds when a worker meets a broken sample in batch 1,000", arguments: [0, 1, 3])
  func endsSoon(workers: Int) throws {
    let clock = ContinuousClock()
    let met = Locked<ContinuousClock.Instant?>(nil)
    struct Breaking: Transform {
      let met: Locked<ContinuousClock.Instant?>
      func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
        guard sample.index == 3001 else { return sample }
        met.withLock { $0 = .now }
        throw DataError(file: nil, "broken on purpose")
      }
    }
    var batches: BatchIterator? = loader(
      count: 4000, workers: workers, isShuffled: false, transform: Breaking(met: met)
    ).batches(epoch: 0)
    #expect(throws: DataError(file: "images/3001.png", "broken on purpose")) {
      while try batches?.next() != nil {}
    }
    batches = nil
    let start = try #require(met.withLock { $0 })
    #expect(clock.now - start < .seconds(2))
  }

  @Test("does not wait for a slow sample to tell of a broken one", .timeLimit(.minutes(1)))
  func tellsAtOnce() throws {
    let gate = Locked(false)
    let batches = loader(workers: 2, isShuffled: false, transform: Gated(gate: gate, broken: 4)).batches(
      epoch: 0)
    #expect(throws: DataError(file: "images/4.png", "broken on purpose")) { try batches.next() }
    gate.change { $0 = true }
  }

  @Test("ends when it is cancelled, even while the caller waits", .timeLimit(.minutes(1)))
  func cancels() throws {
    let gate = Locked(false)
    let batches = loader(workers: 2, isShuffled: false, transform: Gated(gate: gate)).batches(epoch: 0)
    Thread.detachNewThread { batches.cancel() }
    #expect(try batches.next() == nil)
    #expect(try batches.next() == nil)
    gate.change { $0 = true }
    let alone = loader().batches(epoch: 0)
    #expect(try alone.next() != nil)
    alone.cancel()
    #expect(try alone.next() == nil)
  }

  @Test("loads two batches a worker ahead, and no more", .timeLimit(.minutes(1)), arguments: [1, 3])
  func isBounded(workers: Int) throws {
    let counter = Locked(0)
    let batches = loader(
      count: 1000, workers: workers, isInfinite: true, transform: Counting(counter: counter)
    ).batches()
    for returned in 0..<3 {
      if returned > 0 { _ = try batches.next() }
      let most = 3 * (returned + 2 * workers)
      counter.wait { $0 >= most ? () : nil }
      for _ in 0..<1000 { sched_yield() }
      #expect(counter.withLock { $0 } == most)
    }
  }

  @Test("draws another image where nothing is left, but not in a test")
  func redraws() throws {
    let transform = Marking(dropped: [0, 3, 4])
    let first = try all(loader(transform: transform).batches(epoch: 0)).flatMap { $0 }
    #expect(first.count == 10 && Set(first.map(\.index)).isDisjoint(with: [0, 3, 4]))
    #expect(
      try keys(all(loader(workers: 2, transform: transform).batches(epoch: 0))).flatMap { $0 }
        == keys([first])[0])
    let test = loader(isShuffled: false, transform: transform, isTest: true).batches(epoch: 0)
    let error = #expect(throws: DataError.self) { try test.next() }
    #expect(try #require(error).file == "images/0.png")
    let hopeless = loader(transform: Marking(dropped: Set(0..<10))).batches(epoch: 0)
    #expect(throws: DataError.self) { try hopeless.next() }
  }

  @Test("leaves no thread behind")
  func endsThreads() throws {
    // The transforms of a dropped iterator run no more once it is gone.
    let counter = Locked(0)
    var batches: BatchIterator? = loader(workers: 3, isInfinite: true, transform: Counting(counter: counter))
      .batches()
    #expect(try batches?.next()?.count == 3)
    batches = nil
    let count = counter.withLock { $0 }
    for _ in 0..<100 { sched_yield() }
    #expect(counter.withLock { $0 } == count)
  }
}
