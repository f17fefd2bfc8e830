import Foundation

/// Batches in order. Its threads end with it, or when it is cancelled.
///
/// At most two batches a worker are loaded ahead of the caller. A sample that cannot be loaded ends all: the next call
/// throws its error, even if batches before it were ready. So a broken file is told at once, not some steps later.
public final class BatchIterator: Sendable {
  typealias Load = @Sendable (BatchPlan.Entry) throws -> Sample
  typealias Entries = @Sendable (_ batch: Int) -> [BatchPlan.Entry]

  /// What the caller and the workers share.
  private struct State {
    /// The next batch that a worker takes.
    var nextToLoad: Int
    /// The next batch that the caller gets.
    var nextToReturn: Int
    /// Loaded, not yet returned.
    var loaded: [Int: [Sample]] = [:]
    /// What stopped a batch, the first in order of those that are known.
    var failure: (batch: Int, error: any Error)?
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
    cancel()
    // A worker may be within a file: nothing of it is left behind.
    state.wait { $0.running == 0 ? () : nil }
  }

  /// Ends the loading ahead: no other batch comes. A worker that is within a sample ends behind it.
  public func cancel() {
    state.change {
      $0.isStopped = true
      $0.loaded = [:]
    }
  }

  /// The next batch, or nil behind the last and after a cancellation.
  ///
  /// - Throws: What stopped a sample from being loaded; it names the image's file. Nothing comes after it.
  public func next() throws -> [Sample]? {
    if workers == 0 { return try loadNext() }
    let result: Result<[Sample]?, any Error> = state.wait { state in
      if let failure = state.failure {
        state.failure = nil
        return .failure(failure.error)
      }
      guard !state.isStopped, batches.contains(state.nextToReturn) else { return .success(nil) }
      guard let samples = state.loaded.removeValue(forKey: state.nextToReturn) else { return nil }
      state.nextToReturn += 1
      return .success(samples)
    }
    // There is room for another batch.
    state.change { _ in }
    return try result.get()
  }

  /// The next batch, loaded here and now.
  private func loadNext() throws -> [Sample]? {
    let number = state.withLock { state -> Int? in
      guard !state.isStopped, batches.contains(state.nextToReturn) else { return nil }
      defer { state.nextToReturn += 1 }
      return state.nextToReturn
    }
    guard let number else { return nil }
    do { return try entries(number).map(load) } catch {
      cancel()
      throw error
    }
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
      do {
        var samples: [Sample] = []
        for entry in entries(batch) {
          if isStopped() { break }
          samples.append(try load(entry))
        }
        state.change { if !$0.isStopped { $0.loaded[batch] = samples } }
      } catch {
        state.change {
          if $0.failure.map({ batch < $0.batch }) ?? true { $0.failure = (batch, error) }
          $0.isStopped = true
          $0.loaded = [:]
        }
      }
    }
    state.change { $0.running -= 1 }
  }
}
