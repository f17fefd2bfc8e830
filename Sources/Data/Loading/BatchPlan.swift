import Synchronization

/// Which samples make up which batch: a rule, so that a resumed run needs only its iteration.
struct BatchPlan: Sendable {
  /// One sample's place in the data set and its global number in the run.
  struct Entry: Hashable, Sendable {
    var index: Int
    var number: Int
  }

  let sampler: any Sampler
  /// Images in the data set.
  let count: Int
  let batchSize: Int
  let dropsLast: Bool
  /// The group of each image, if only images of one group may share a batch.
  let groups: ImageGroups?

  /// Batches of one pass over the data.
  var batchesPerEpoch: Int {
    count / batchSize + (dropsLast || count.isMultiple(of: batchSize) ? 0 : 1)
  }

  /// The samples of a batch, counted over the whole run.
  ///
  /// Without end, batches go on over the end of a pass; with epochs, the last batch of each may be smaller.
  func entries(of batch: Int, orders: OrderCache) -> [Entry] {
    // Numbers of samples stay below the largest integer.
    guard count > 0, batch < Int.max / batchSize - 1 else { return [] }
    if let groups {
      return sampler.isInfinite
        ? endless(batch, of: groups, orders: orders) : ofEpoch(batch, of: groups, orders: orders)
    }
    if sampler.isInfinite {
      return (batch * batchSize..<(batch + 1) * batchSize).map { position in
        entry(position % count, of: orders.pass(position / count), number: position / count)
      }
    }
    let (epoch, place) = batch.quotientAndRemainder(dividingBy: max(1, batchesPerEpoch))
    let pass = orders.pass(epoch)
    return (place * batchSize..<min((place + 1) * batchSize, count)).map {
      entry($0, of: pass, number: epoch)
    }
  }

  private func entry(_ place: Int, of pass: OrderCache.Pass, number: Int) -> Entry {
    Entry(index: pass.order[place], number: number * count + place)
  }

  // MARK: Batches of one group each

  /// A batch of an epoch: each group's full batches in the order in which they fill up, then what is left of all
  /// groups, one behind the other (mmdetection's `AspectRatioBatchSampler`).
  private func ofEpoch(_ batch: Int, of groups: ImageGroups, orders: OrderCache) -> [Entry] {
    let (epoch, place) = batch.quotientAndRemainder(dividingBy: max(1, batchesPerEpoch))
    let pass = orders.pass(epoch)
    let places: ArraySlice<Int>
    if pass.filled.indices.contains(place) {
      let (group, number) = pass.filled[place]
      places = pass.places[group][number * batchSize..<(number + 1) * batchSize]
    } else {
      let left = pass.places.flatMap { $0.suffix($0.count % batchSize) }
      let start = (place - pass.filled.count) * batchSize
      places = left[start..<min(start + batchSize, left.count)]
    }
    return places.map { entry($0, of: pass, number: epoch) }
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
