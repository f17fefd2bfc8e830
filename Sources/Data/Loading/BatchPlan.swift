import Synchronization

/// Which samples make up which shard of which step: a rule, so that a resumed run needs only its iteration.
///
/// A step of one shard is a batch. With several, shards are batches one behind the other; what an epoch leaves for its last
/// step is shared out evenly, and filled up from the epoch's beginning, as mm's `DefaultSampler` does among GPUs.
struct BatchPlan: Sendable {
  /// One sample's place in the data set and its global number in the run.
  struct Entry: Hashable, Sendable {
    var index: Int
    var number: Int
  }

  let sampler: any Sampler
  /// Images in the data set.
  let count: Int
  /// Images of a shard.
  let batchSize: Int
  /// Shards of a step.
  let shards: Int
  let dropsLast: Bool
  /// The group of each image, if only images of one group may share a batch.
  let groups: ImageGroups?

  /// Images that one shard sees in a pass, without groups.
  private var countOfShard: Int { count / shards + (count.isMultiple(of: shards) ? 0 : 1) }

  /// Steps of one pass over the data.
  var stepsPerEpoch: Int {
    if groups == nil { return parts(of: countOfShard, size: batchSize) }
    return parts(of: batchesOfGroups, size: shards)
  }

  /// Batches of a pass, with groups.
  private var batchesOfGroups: Int { parts(of: count, size: batchSize) }

  private func parts(of count: Int, size: Int) -> Int {
    count / size + (dropsLast || count.isMultiple(of: size) ? 0 : 1)
  }

  /// Images of the smallest shard: of the last step of a pass, unless passes follow each other without end.
  var smallestBatch: Int {
    let rest = (groups == nil ? countOfShard : count) % batchSize
    return sampler.isInfinite || dropsLast || rest == 0 ? batchSize : rest
  }

  /// The samples of a whole step.
  func entries(of step: Int, orders: OrderCache) -> [Entry] {
    (0..<shards).flatMap { entries(of: step, shard: $0, orders: orders) }
  }

  /// The samples of a shard of a step, counted over the whole run.
  ///
  /// Without end, steps go on over the end of a pass; with epochs, the last step of each may be smaller.
  func entries(of step: Int, shard: Int, orders: OrderCache) -> [Entry] {
    // Numbers of samples stay below the largest integer.
    guard count > 0, step < Int.max / (batchSize * shards) - 1 else { return [] }
    if sampler.isInfinite {
      let batch = step * shards + shard
      if let groups { return endless(batch, of: groups, orders: orders) }
      return (batch * batchSize..<(batch + 1) * batchSize).map { position in
        entry(position % count, of: orders.pass(position / count), number: position / count)
      }
    }
    let (epoch, place) = step.quotientAndRemainder(dividingBy: max(1, stepsPerEpoch))
    if let groups {
      return ofEpoch(epoch, place * shards + shard, of: groups, orders: orders)
    }
    let pass = orders.pass(epoch)
    let size = min(batchSize, countOfShard - place * batchSize)
    let start = place * batchSize * shards + shard * size
    // Images that come twice in a pass have two numbers, and so random numbers of their own.
    return (start..<start + size).map {
      Entry(index: pass.order[$0 % count], number: epoch * countOfShard * shards + $0)
    }
  }

  private func entry(_ place: Int, of pass: OrderCache.Pass, number: Int) -> Entry {
    Entry(index: pass.order[place], number: number * count + place)
  }

  // MARK: Batches of one group each

  /// A batch of an epoch: each group's full batches in the order in which they fill up, then what is left of all
  /// groups, one behind the other (mmdetection's `AspectRatioBatchSampler`).
  private func ofEpoch(_ epoch: Int, _ number: Int, of groups: ImageGroups, orders: OrderCache) -> [Entry] {
    let pass = orders.pass(epoch)
    let batch = number % max(1, batchesOfGroups)
    let places: ArraySlice<Int>
    if pass.filled.indices.contains(batch) {
      let (group, number) = pass.filled[batch]
      places = pass.places[group][number * batchSize..<(number + 1) * batchSize]
    } else {
      let left = pass.places.flatMap { $0.suffix($0.count % batchSize) }
      let start = (batch - pass.filled.count) * batchSize
      places = left[start..<min(start + batchSize, left.count)]
    }
    guard shards > 1 else { return places.map { entry($0, of: pass, number: epoch) } }
    // Batches that come twice in a pass have two numbers.
    let first = (epoch * stepsPerEpoch * shards + number) * batchSize
    return places.enumerated().map { Entry(index: pass.order[$0.element], number: first + $0.offset) }
  }

  /// A batch of a run without epochs: what a pass leaves of a group is filled up in the next one.
  private func endless(_ batch: Int, of groups: ImageGroups, orders: OrderCache) -> [Entry] {
    func filled(before pass: Int) -> Int { groups.sizes.reduce(0) { $0 + pass * $1 / batchSize } }
    // Passes before this one give at most that many batches.
    var number = batch * batchSize / count
    while filled(before: number + 1) <= batch { number += 1 }
    let (group, place) = orders.pass(number).filled[batch - filled(before: number)]
    let size = groups.sizes[group]
    return (place * batchSize..<(place + 1) * batchSize).map { position in
      let pass = orders.pass(position / size)
      return entry(pass.places[group][position % size], of: pass, number: position / size)
    }
  }
}

/// The group of each image of a data set.
struct ImageGroups: Sendable {
  let ofImage: [Int]
  /// Images of each group.
  let sizes: [Int]

  init(_ groups: [Int]) {
    precondition(groups.allSatisfy { $0 >= 0 }, "groups are numbered from 0")
    ofImage = groups
    var sizes = [Int](repeating: 0, count: (groups.max() ?? -1) + 1)
    for group in groups { sizes[group] += 1 }
    self.sizes = sizes
  }
}

/// The orders of the last passes that were asked for: drawing one takes a while for a large set.
final class OrderCache: Sendable {
  /// One pass over the data.
  struct Pass: Sendable {
    /// Indices of images.
    var order: [Int]
    /// Of each group: where in the order its images are.
    var places: [[Int]] = []
    /// The batches that fill up in this pass, in that order, with their numbers among those of their group: in the
    /// pass, or without epochs in the run.
    var filled: [(group: Int, number: Int)] = []
  }

  private let sampler: any Sampler
  private let batchSize: Int
  private let groups: ImageGroups?
  private let passes = Mutex<[Int: Pass]>([:])

  init(_ sampler: any Sampler, batchSize: Int, groups: ImageGroups?) {
    self.sampler = sampler
    self.batchSize = batchSize
    self.groups = groups
  }

  func pass(_ number: Int) -> Pass {
    passes.withLock { passes in
      if let pass = passes[number] { return pass }
      let pass = draw(number)
      passes = passes.filter { $0.key == number - 1 || $0.key == number + 1 }
      passes[number] = pass
      return pass
    }
  }

  private func draw(_ number: Int) -> Pass {
    var pass = Pass(order: sampler.order(pass: number))
    guard let groups else { return pass }
    pass.places = groups.sizes.map { _ in [] }
    // Without epochs, batches begin with what earlier passes have left.
    var seen = groups.sizes.map { sampler.isInfinite ? number * $0 : 0 }
    for (place, index) in pass.order.enumerated() {
      let group = groups.ofImage[index]
      pass.places[group].append(place)
      seen[group] += 1
      if seen[group].isMultiple(of: batchSize) {
        pass.filled.append((group: group, number: seen[group] / batchSize - 1))
      }
    }
    return pass
  }
}
