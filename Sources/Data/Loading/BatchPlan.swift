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

  /// Batches of one pass over the data.
  var batchesPerEpoch: Int {
    dropsLast ? count / batchSize : (count + batchSize - 1) / batchSize
  }

  /// The samples of a batch, counted over the whole run.
  ///
  /// Without end, batches go on over the end of a pass; with epochs, the last batch of each may be smaller.
  func entries(of batch: Int, order: (_ pass: Int) -> [Int]) -> [Entry] {
    guard count > 0 else { return [] }
    if sampler.isInfinite {
      return (batch * batchSize..<(batch + 1) * batchSize).map { position in
        Entry(index: order(position / count)[position % count], number: position)
      }
    }
    let (epoch, place) = batch.quotientAndRemainder(dividingBy: max(1, batchesPerEpoch))
    let indices = order(epoch)
    return (place * batchSize..<min((place + 1) * batchSize, count)).map { offset in
      Entry(index: indices[offset], number: epoch * count + offset)
    }
  }
}

/// The orders of the last passes that were asked for: drawing one takes a while for a large set.
final class OrderCache: Sendable {
  private let sampler: any Sampler
  private let orders = Locked<[Int: [Int]]>([:])

  init(_ sampler: any Sampler) { self.sampler = sampler }

  func order(pass: Int) -> [Int] {
    orders.withLock { orders in
      if let order = orders[pass] { return order }
      let order = sampler.order(pass: pass)
      orders = orders.filter { $0.key == pass - 1 || $0.key == pass + 1 }
      orders[pass] = order
      return order
    }
  }
}
