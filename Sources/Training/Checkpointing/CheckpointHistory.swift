import Foundation

/// Which checkpoints a run has written; a part of each checkpoint, so that a resumed run goes on with it.
public struct CheckpointHistory: Codable, Sendable, Equatable {
  /// The best validation so far.
  struct Best: Codable, Sendable, Equatable {
    var metric: String
    var value: Double
    var file: String
  }

  /// The regular ones that still exist, the oldest first.
  var written: [String] = []
  /// The best by each figure that is followed.
  var bests: [Best] = []
  /// The file itself, where an interrupted run wrote it to go on from: it goes when the run has.
  var passing: String?

  enum CodingKeys: String, CodingKey {
    case written, best, bests, passing
  }

  init(written: [String] = [], bests: [Best] = [], passing: String? = nil) {
    (self.written, self.bests, self.passing) = (written, bests, passing)
  }

  /// Decodes what `encode` wrote.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    written = try keys.decode([String].self, forKey: .written)
    let single = try keys.decodeIfPresent(Best.self, forKey: .best)
    bests = try keys.decodeIfPresent([Best].self, forKey: .bests) ?? single.map { [$0] } ?? []
    passing = try keys.decodeIfPresent(String.self, forKey: .passing)
  }

  /// One figure as `best`, several as `bests`.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(written, forKey: .written)
    if bests.count == 1 { try keys.encode(bests[0], forKey: .best) }
    if bests.count > 1 { try keys.encode(bests, forKey: .bests) }
    try keys.encodeIfPresent(passing, forKey: .passing)
  }

  /// The best by a figure so far.
  func best(by metric: String) -> Best? { bests.first { $0.metric == metric } }

  /// The same without names that are not of a run's own form, or of checkpoints that a run cannot have written by then:
  /// a file that somebody else wrote must not decide what is removed.
  ///
  /// - Parameters:
  ///   - iteration: Iterations done.
  ///   - epoch: Whole passes over the data.
  func onlyOwnNames(iteration: Int, epoch: Int) -> CheckpointHistory {
    func isOwn(_ file: String, isRegular: Bool) -> Bool {
      guard let name = CheckpointName(file), name.isRegular == isRegular else { return false }
      return name.count <= (name.unit == .epochs ? epoch : iteration)
    }
    return CheckpointHistory(
      written: written.filter { isOwn($0, isRegular: true) },
      bests: bests.filter { isOwn($0.file, isRegular: false) && $0.value.isFinite },
      passing: passing.flatMap { isOwn($0, isRegular: true) ? $0 : nil })
  }
}

/// The file name of a checkpoint as a run writes it: `epoch_N.safetensors`, `iter_N.safetensors`, or one of the two
/// behind `best_METRIC_`.
struct CheckpointName: Equatable {
  let metric: String?
  let unit: TrainLoop.Unit
  let count: Int

  private static let suffix = ".safetensors"
  private static let best = "best_"

  init(best metric: String? = nil, _ unit: TrainLoop.Unit, _ count: Int) {
    self.metric = metric.map { $0.replacing("/", with: "_") }
    (self.unit, self.count) = (unit, count)
  }

  /// A name that was read; nil unless it is just what a run writes: a plain name of one file.
  init?(_ name: String) {
    guard name.hasSuffix(Self.suffix), !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
    else {
      return nil
    }
    let parts = name.dropLast(Self.suffix.count).split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count >= 2, let count = parts.last.flatMap({ Int($0) }), count >= 0 else { return nil }
    switch parts[parts.count - 2] {
    case "epoch": unit = .epochs
    case "iter": unit = .iterations
    default: return nil
    }
    self.count = count
    if parts.count == 2 {
      metric = nil
    } else {
      guard parts[0] == "best", parts.count >= 4 else { return nil }
      metric = parts[1..<parts.count - 2].joined(separator: "_")
    }
    guard file == name else { return nil }
  }

  /// Whether it is one of those that are written at intervals.
  var isRegular: Bool { metric == nil }

  var file: String {
    (metric.map { "\(Self.best)\($0)_" } ?? "") + (unit == .epochs ? "epoch" : "iter")
      + "_\(count)\(Self.suffix)"
  }
}
