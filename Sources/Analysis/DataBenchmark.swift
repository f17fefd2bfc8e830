import Data
import Files
import Foundation

/// Measures how fast a loader gives images, and what its data set's pipeline takes for each.
public struct DataBenchmark {
  private let loader: DataLoader

  /// A benchmark of a loader, with its workers.
  public init(_ loader: DataLoader) { self.loader = loader }

  /// Loads so many images with the loader, then as many one by one on this thread, step by step.
  ///
  /// - Throws: What stops an image from being loaded; it names the file.
  public func run(images: Int) throws -> DataBenchmarkReport {
    precondition(images > 0, "\(images) images")
    let (count, rate) = try measureRate(images: images)
    return DataBenchmarkReport(
      imagesPerSecond: rate, images: count, workers: loader.workers, stages: try measureStages(images: images)
    )
  }

  /// Images a second, of a run under way: what was loaded ahead of the clock does not count.
  private func measureRate(images: Int) throws -> (images: Int, rate: Double) {
    let batches = loader.batches()
    for _ in 0..<(1 + 2 * loader.workers) { _ = try batches.next() }
    let start = ContinuousClock.now
    var count = 0
    while count < images, let batch = try batches.next() { count += batch.count }
    return (count, Double(count) / ((ContinuousClock.now - start) / .seconds(1)))
  }

  /// Loads so many images one by one on this thread, step by step.
  ///
  /// - Throws: What stops an image from being loaded; it names the file.
  package func measureStages(images: Int) throws -> [DataBenchmarkReport.Stage] {
    let dataset = loader.dataset
    var names: [String] = []
    var durations: [String: Duration] = [:]
    func add(_ name: String, since start: ContinuousClock.Instant) -> ContinuousClock.Instant {
      let now = ContinuousClock.now
      if durations[name] == nil { names.append(name) }
      durations[name, default: .zero] += now - start
      return now
    }
    for number in 0..<images {
      // Images from all over the data set.
      let index = number % dataset.count * max(1, dataset.count / images) % dataset.count
      var clock = ContinuousClock.now
      var sample = try dataset.sample(at: index)
      sample.number = number
      clock = add("\(type(of: dataset))", since: clock)
      let pipeline = dataset.pipeline(at: index)
      let stages = Self.distinguished(pipeline.names)
      _ = try pipeline(sample, seed: loader.seed) { clock = add(stages[$0], since: clock) }
    }
    return names.map { name in
      DataBenchmarkReport.Stage(
        name: name, milliseconds: 1000 * ((durations[name] ?? .zero) / .seconds(1)) / Double(images))
    }
  }

  /// Names of a pipeline's steps; one that comes again is numbered.
  private static func distinguished(_ names: [String]) -> [String] {
    var seen: [String: Int] = [:]
    return names.map { name in
      seen[name, default: 0] += 1
      return seen[name] == 1 ? name : "\(name) \(seen[name] ?? 0)"
    }
  }
}

/// What a data benchmark comes to.
public struct DataBenchmarkReport: Sendable, Codable {
  /// A step of the pipeline; the first is the data set's own: what it knows of an image before loading it.
  public struct Stage: Sendable, Codable {
    /// The config's name.
    public var name: String
    /// Of one thread, for a mean image.
    public var milliseconds: Double
  }

  /// By the loader with its workers.
  public var imagesPerSecond: Double
  /// How many images the rate is of.
  public var images: Int
  /// Threads that load ahead; 0: the caller's thread.
  public var workers: Int
  /// In the order in which a sample goes through them.
  public var stages: [Stage]

  enum CodingKeys: String, CodingKey {
    case images, workers, stages
    case imagesPerSecond = "images_per_second"
  }

  /// The table that the terminal shows.
  public func text() -> String {
    let sum = stages.reduce(0) { $0 + $1.milliseconds }
    func row(_ name: String, _ milliseconds: Double) -> [String] {
      [
        name, String(format: "%.3f ms", milliseconds),
        String(format: "%.1f %%", sum > 0 ? 100 * milliseconds / sum : 0),
      ]
    }
    let head = String(
      format: "%.1f images/s with %d worker%@ (%d images)", imagesPerSecond, workers, workers == 1 ? "" : "s",
      images)
    let rows = stages.map { row($0.name, $0.milliseconds) } + [row("sum", sum)]
    return head + "\n" + TextTable([.left(6), .right(12), .right(7)], rows: rows).text
  }
}
