import Foundation
import Layers
import Tensors

/// Runs the shards of a step side by side, so that they can meet in norms that take the statistics of all shards, and in
/// losses that take their counts.
///
/// Each shard has a thread of its own, but one runs at a time: until it asks for a sum over all shards or is done. When all
/// have asked, the sums of this process' shards are added in the tree, and to those of other processes.
public struct Lockstep: Sendable {
  private let reduction: any StepReduction

  /// The shards of a reduction.
  public init(_ reduction: any StepReduction) { self.reduction = reduction }

  /// Runs all shards of this process.
  ///
  /// - Parameters:
  ///   - body: Runs a shard; on a thread of its own, while all others and the caller wait.
  ///   - finished: Takes what a shard came to, in the order of the shards, on the caller's thread.
  /// - Throws: What the first shard that fails throws; `DistributionError` when the shards ask for different sums.
  public func run<Outcome>(
    _ body: (_ shard: Int, _ statistics: any StatisticsReducer) throws -> Outcome,
    finished: (_ shard: Int, _ outcome: Outcome) throws -> Void
  ) throws {
    let context = OperationContext.current
    let seats = try withoutActuallyEscaping(body) { body in
      let seats = reduction.local.map { shard in
        Seat { seat in try context.run { try body(shard, seat) } }
      }
      for seat in seats { seat.start() }
      try attend(seats, finished)
      return seats
    }
    withExtendedLifetime(seats) {}
  }

  private func attend<Outcome>(
    _ seats: [Seat<Outcome>], _ finished: (_ shard: Int, _ outcome: Outcome) throws -> Void
  ) throws {
    var failure: (any Error)?
    var open = Array(zip(reduction.local, seats))
    while !open.isEmpty {
      for (shard, seat) in open {
        seat.proceed()
        guard let result = seat.result.take() else { continue }
        do {
          let outcome = try result.get()
          if failure == nil { try finished(shard, outcome) }
        } catch { failure = failure ?? error }
      }
      open = open.filter { $0.1.request != nil }
      guard !open.isEmpty else { break }
      var total: [Double]?
      if failure == nil {
        do { total = try sum(open.map { ($0.0, $0.1.request ?? []) }) } catch { failure = error }
      }
      for (_, seat) in open {
        // After a failure they run to their end by themselves; nothing is made of it.
        seat.answer = total ?? seat.request ?? []
        seat.request = nil
      }
    }
    if let failure { throw failure }
  }

  private func sum(_ requests: [(shard: Int, vector: [Double])]) throws -> [Double] {
    guard requests.count == reduction.local.count, Set(requests.map(\.vector.count)).count == 1 else {
      throw DistributionError(
        "the shards of the step differ in the SyncBN norms, or the losses, that they pass: set norm_cfg: {type: BN} and "
          + "distribution.loss_normalizer: shard where a part of the model is not run for every batch")
    }
    var sum = ShardSum<[Double]>.vectors(reduction.tree)
    for (shard, vector) in requests { try sum.add(vector, ofShard: shard) }
    return try reduction.total(of: sum)
  }
}

/// One shard's thread and what is handed over between it and the caller.
///
/// `@unchecked Sendable`: all of it, and what the body captures, is touched only by who has the turn, and the two
/// semaphores hand that over: the thread waits until `proceed`, which waits until the thread asks or is done.
private final class Seat<Outcome>: StatisticsReducer, @unchecked Sendable {
  private let turn = DispatchSemaphore(value: 0)
  private let back = DispatchSemaphore(value: 0)
  private var body: ((Seat) throws -> Outcome)?
  /// What it wants summed.
  var request: [Double]?
  /// The sum.
  var answer: [Double] = []
  /// What the shard came to, once it is done.
  var result: Result<Outcome, any Error>?

  init(_ body: @escaping (Seat) throws -> Outcome) { self.body = body }

  func start() {
    let thread = Thread { [self] in
      turn.wait()
      if let body = body.take() { result = Result { try body(self) } }
      back.signal()
    }
    thread.name = "shard"
    // What the first thread has.
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// Lets the shard run until it asks or is done.
  func proceed() {
    turn.signal()
    back.wait()
  }

  func sum(_ own: [Double]) -> [Double] {
    request = own
    back.signal()
    turn.wait()
    return answer
  }
}
