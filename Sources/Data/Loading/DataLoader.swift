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
  ///   - workers: Threads that load ahead; 0 loads when a batch is asked for, on the caller's thread.
  ///   - dropLast: Whether an epoch leaves out its last batch when that is not full.
  ///   - groups: The group of each image, numbered from 0: batches hold images of one group only.
  ///   - seed: The run's seed.
  public init(
    dataset: any Dataset, sampler: any Sampler, batchSize: Int, workers: Int = 0, dropLast: Bool = false,
    groups: [Int]? = nil, seed: UInt64
  ) {
    precondition(batchSize > 0 && workers >= 0, "batch size \(batchSize), \(workers) workers")
    precondition(
      groups?.count ?? dataset.count == dataset.count,
      "\(groups?.count ?? 0) groups for \(dataset.count) images")
    let groups = groups.map { ImageGroups($0) }
    self.dataset = dataset
    self.workers = workers
    self.seed = seed
    plan = BatchPlan(
      sampler: sampler, count: dataset.count, batchSize: batchSize, dropsLast: dropLast, groups: groups)
    orders = OrderCache(sampler, batchSize: batchSize, groups: groups)
  }

  /// Images of a full batch.
  public var batchSize: Int { plan.batchSize }

  /// Images of the smallest batch: the last of a pass, unless passes follow each other without end.
  public var smallestBatch: Int {
    let rest = plan.count % batchSize
    return plan.sampler.isInfinite || plan.dropsLast || rest == 0 ? batchSize : rest
  }

  /// One batch of a run without end, loaded here and now.
  ///
  /// - Returns: Nothing where the data set has no images.
  /// - Throws: What stops a sample from being loaded; it names the image's file.
  public func batch(_ number: Int) throws -> [Sample] {
    try plan.entries(of: number, orders: orders).map {
      try dataset.load(index: $0.index, number: $0.number, seed: seed)
    }
  }

  /// Batches of one pass over the data.
  public var batchesPerEpoch: Int { plan.batchesPerEpoch }

  /// The batches of an epoch, from a batch on.
  public func batches(epoch: Int, startingAt batch: Int = 0) -> BatchIterator {
    let first = epoch * batchesPerEpoch
    return iterator(over: min(first + batch, first + batchesPerEpoch)..<first + batchesPerEpoch)
  }

  /// The batches of a run without end, from an iteration on; epochs follow each other.
  public func batches(startingAt iteration: Int = 0) -> BatchIterator {
    iterator(over: iteration..<(batchesPerEpoch > 0 || plan.sampler.isInfinite ? Int.max : iteration))
  }

  private func iterator(over batches: Range<Int>) -> BatchIterator {
    // A data set without images has no batches.
    let batches = dataset.count > 0 ? batches : batches.lowerBound..<batches.lowerBound
    return BatchIterator(
      workers: workers, batches: batches,
      entries: { [plan, orders] in plan.entries(of: $0, orders: orders) },
      load: { [dataset, seed] in try dataset.load(index: $0.index, number: $0.number, seed: seed) })
  }
}
