import Configuration

/// Batches of a data set, loaded ahead by worker threads.
///
/// Order and bits depend on neither the workers nor their timing: every sample has its own random numbers.
public struct DataLoader: Sendable {
  /// The data set.
  public let dataset: any Dataset
  private let plan: BatchPlan
  /// Threads that load ahead.
  public let workers: Int
  /// The run's seed.
  public let seed: UInt64
  private let orders: OrderCache

  /// A loader over a data set.
  ///
  /// - Parameters:
  ///   - dataset: What samples are loaded from, through its pipeline.
  ///   - sampler: The order of each pass.
  ///   - batchSize: Images, 1 or more.
  ///   - workers: Threads that load ahead; 0 loads when a batch is asked for, on the caller's thread.
  ///   - dropLast: Whether an epoch leaves out its last batch when that is not full.
  ///   - groups: The group of each image, numbered from 0: batches hold images of one group only.
  ///   - shards: Batches of `batchSize` images that make a step.
  ///   - seed: The run's seed.
  public init(
    dataset: any Dataset, sampler: any Sampler, batchSize: Int, workers: Int = 0, dropLast: Bool = false,
    groups: [Int]? = nil, shards: Int = 1, seed: UInt64
  ) {
    precondition(
      batchSize > 0 && workers >= 0 && shards > 0,
      "batch size \(batchSize), \(workers) workers, \(shards) shards")
    precondition(
      groups?.count ?? dataset.count == dataset.count,
      "\(groups?.count ?? 0) groups for \(dataset.count) images")
    let groups = groups.map { ImageGroups($0) }
    self.dataset = dataset
    self.workers = workers
    self.seed = seed
    plan = BatchPlan(
      sampler: sampler, count: dataset.count, batchSize: batchSize, shards: shards, dropsLast: dropLast,
      groups: groups)
    orders = OrderCache(sampler, batchSize: batchSize, groups: groups)
  }

  /// Images of a full shard; with one shard, of a full batch.
  public var batchSize: Int { plan.batchSize }
  /// Shards of a step.
  public var shards: Int { plan.shards }
  /// Images of a full step.
  public var imagesPerStep: Int { batchSize * shards }

  /// Images of the smallest shard: in the last step of a pass, unless passes follow each other without end.
  public var smallestBatch: Int { plan.smallestBatch }

  /// All shards of a step, one batch behind the other, loaded here and now.
  ///
  /// - Returns: Nothing where the data set has no images.
  /// - Throws: What stops a sample from being loaded; it names the image's file.
  public func batch(_ step: Int) throws -> [Sample] {
    try plan.entries(of: step, orders: orders).map(load)
  }

  /// Some shards of a step, loaded here and now.
  ///
  /// - Parameters:
  ///   - step: Counted through all epochs, from 0.
  ///   - shards: Those of this process.
  /// - Throws: What stops a sample from being loaded; it names the image's file.
  public func step(_ step: Int, shards: Range<Int>) throws -> [[Sample]] {
    try shards.map { try plan.entries(of: step, shard: $0, orders: orders).map(load) }
  }

  private func load(_ entry: BatchPlan.Entry) throws -> Sample {
    try dataset.load(index: entry.index, number: entry.number, seed: seed)
  }

  /// Steps of one pass over the data; with one shard, its batches.
  public var batchesPerEpoch: Int { plan.stepsPerEpoch }

  /// The batches of an epoch, from a batch on.
  public func batches(epoch: Int, startingAt batch: Int = 0) -> BatchIterator {
    let first = epoch * batchesPerEpoch
    return iterator(over: min(first + batch, first + batchesPerEpoch)..<first + batchesPerEpoch)
  }

  /// The batches of an epoch that fall to one of several processes: every so-maniest one, so that parts of a data set
  /// that take longer are shared out as well.
  public func batches(epoch: Int, ofRank rank: Int, of ranks: Int) -> BatchIterator {
    let first = epoch * batchesPerEpoch
    return iterator(over: 0..<batchCount(ofRank: rank, of: ranks)) { [plan, orders] number in
      plan.entries(of: first + number * ranks + rank, orders: orders)
    }
  }

  /// How many batches of an epoch fall to one of several processes.
  public func batchCount(ofRank rank: Int, of ranks: Int) -> Int {
    (batchesPerEpoch - rank + ranks - 1) / ranks
  }

  /// The batches of a run without end, from an iteration on; epochs follow each other.
  public func batches(startingAt iteration: Int = 0) -> BatchIterator {
    iterator(over: iteration..<(batchesPerEpoch > 0 || plan.sampler.isInfinite ? Int.max : iteration))
  }

  /// Some shards of each step of a run without end, from an iteration on; only their samples are loaded.
  ///
  /// - Parameters:
  ///   - iteration: The first step, counted from 0.
  ///   - shards: Those of this process.
  public func steps(startingAt iteration: Int = 0, shards: Range<Int>) -> StepIterator {
    let (first, overflows) = iteration.multipliedReportingOverflow(by: max(1, shards.count))
    let isEndless = (batchesPerEpoch > 0 || plan.sampler.isInfinite) && !overflows && !shards.isEmpty
    let batches = iterator(over: first..<(isEndless ? Int.max : first)) { [plan, orders] number in
      let (step, place) = number.quotientAndRemainder(dividingBy: shards.count)
      return plan.entries(of: step, shard: shards.lowerBound + place, orders: orders)
    }
    return StepIterator(batches: batches, shards: shards.count)
  }

  private func iterator(over steps: Range<Int>) -> BatchIterator {
    iterator(over: steps) { [plan, orders] in plan.entries(of: $0, orders: orders) }
  }

  private func iterator(
    over batches: Range<Int>, _ entries: @escaping BatchIterator.Entries
  ) -> BatchIterator {
    // A data set without images has no batches.
    let batches = dataset.count > 0 ? batches : batches.lowerBound..<batches.lowerBound
    return BatchIterator(workers: workers, batches: batches, entries: entries) { try load($0) }
  }
}
