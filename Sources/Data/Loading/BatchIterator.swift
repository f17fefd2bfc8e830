import Foundation

/// Batches in order. Its threads end with it.
public final class BatchIterator {
  typealias Load = @Sendable (BatchPlan.Entry) throws -> Sample
  typealias Entries = @Sendable (_ batch: Int) -> [BatchPlan.Entry]

  /// What the caller and the workers share.
  private struct State {
    /// The next batch that a worker takes.
    var nextToLoad: Int
    /// The next batch that the caller gets.
    var nextToReturn: Int
    /// Loaded, not yet returned.
    var loaded: [Int: Result<[Sample], any Error>] = [:]
    var isStopped = false
    /// Workers that have not ended yet.
    var running = 0
  }

  private let state: Locked<State>
  private let batches: Range<Int>
  private let entries: Entries
  private let load: Load
  private let workers: Int

  init(workers: Int, batches: Range<Int>, entries: @escaping Entries, load: @escaping Load) {
    self.batches = batches
    self.entries = entries
    self.load = load
    self.workers = min(workers, batches.count)
    state = Locked(
      State(nextToLoad: batches.lowerBound, nextToReturn: batches.lowerBound, running: self.workers))
    // The threads hold the state, not the iterator: it can go away and tell them to end.
    for _ in 0..<self.workers {
      let thread = Thread { [state, depth = 2 * self.workers] in
        Self.work(state, batches, ahead: depth, entries, load)
      }
      thread.name = "data loader"
      // Decoders are given what a main thread has.
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  deinit {
    state.change { $0.isStopped = true }
    // A worker may be within a file: nothing of it is left behind.
    state.wait { $0.running == 0 ? () : nil }
  }

  /// The next batch, or nil behind the last.
  ///
  /// - Throws: What stopped a sample from being loaded; it names the image's file. Nothing comes after it.
  public func next() throws -> [Sample]? {
    let number = state.withLock { state -> Int? in
      guard !state.isStopped, batches.contains(state.nextToReturn) else { return nil }
      defer { state.nextToReturn += 1 }
      return state.nextToReturn
    }
    guard let number else { return nil }
    let result =
      workers == 0
      ? Result { try entries(number).map(load) } : state.wait { $0.loaded.removeValue(forKey: number) }
    // Room for another batch, or an end after an error.
    state.change { if case .failure = result { $0.isStopped = true } }
    return try result.get()
  }

  /// A worker: takes the next batch as long as it is not too far ahead of the caller.
  private static func work(
    _ state: Locked<State>, _ batches: Range<Int>, ahead: Int, _ entries: Entries, _ load: Load
  ) {
    func isStopped() -> Bool { state.withLock { $0.isStopped } }
    while true {
      let batch: Int? = state.wait { state -> Int?? in
        if state.isStopped || !batches.contains(state.nextToLoad) { return .some(nil) }
        guard state.nextToLoad - state.nextToReturn < ahead else { return nil }
        defer { state.nextToLoad += 1 }
        return .some(state.nextToLoad)
      }
      guard let batch else { break }
      let result = Result {
        var samples: [Sample] = []
        for entry in entries(batch) {
          if isStopped() { break }
          samples.append(try load(entry))
        }
        return samples
      }
      state.change { $0.loaded[batch] = result }
    }
    state.change { $0.running -= 1 }
  }
}
