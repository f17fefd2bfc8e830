/// The shards of each step in order, loaded ahead one by one.
public struct StepIterator: Sendable {
  private let batches: BatchIterator
  private let shards: Int

  init(batches: BatchIterator, shards: Int) { (self.batches, self.shards) = (batches, shards) }

  /// The next step's shards, or nil behind the last.
  ///
  /// - Throws: What stopped a sample from being loaded; it names the image's file. Nothing comes after it.
  public func next() throws -> [[Sample]]? {
    var step: [[Sample]] = []
    while step.count < shards {
      guard let batch = try batches.next() else { return nil }
      step.append(batch)
    }
    return step
  }
}
