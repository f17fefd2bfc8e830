import Configuration
import Data
import Foundation
import Layers
import Modeling
import Tensors

/// Means of a model's losses over the validation data, for `val_cfg: {loss: true}`.
///
/// The model is in evaluation: running statistics stay, nothing is dropped, no graph is kept.
struct ValidationLosses {
  /// What the figures' names begin with.
  static let prefix = "val/"
  /// The sum that training makes smaller.
  static let total = MetricFigure(prefix + Losses.totalName, isBetterWhenLarger: false)

  /// The losses of a batch.
  private struct Batch: Codable {
    var number, samples: Int
    var names: [String]
    /// As bits: JSON has no numbers that are none.
    var values: [UInt64]
  }

  private var batches: [Batch] = []

  /// Nothing yet.
  init() {}

  /// Those of several ranks together, as `stored` gave them; added in the order of the batches, the sums are those of one
  /// process.
  init(merging parts: [[UInt8]]) throws {
    batches = try parts.flatMap { try JSONDecoder().decode([Batch].self, from: Foundation.Data($0)) }
      .sorted { $0.number < $1.number }
  }

  /// What `init(merging:)` takes.
  func stored() throws -> [UInt8] { [UInt8](try JSONEncoder().encode(batches)) }

  /// Adds a batch, which counts by its samples.
  ///
  /// - Parameter number: Of the batch among all.
  /// - Throws: Errors of the model about samples that it cannot learn from.
  mutating func add(_ batch: [Sample], ofBatch number: Int, to model: any Model) throws {
    let losses = try ForwardMode.evaluation { try model.losses(batch.map(Self.fitting)) }
    let terms = losses.loggedTerms.map { (name: Self.prefix + $0.name, value: Double($0.value.scalar)) }
    let all = [(name: Self.total.name, value: Double(losses.total.scalar))] + terms
    batches.append(
      Batch(
        number: number, samples: batch.count, names: all.map(\.name), values: all.map(\.value.bitPattern)))
  }

  /// A sample with a label map of its image's size: a validation may have that of the file.
  private static func fitting(_ sample: Sample) -> Sample {
    guard let map = sample.labelMap, map.size != sample.size else { return sample }
    var sample = sample
    sample.labelMap = map.resizedNearest(height: sample.size.height, width: sample.size.width)
    return sample
  }

  /// The means, in the order of the terms; `val/loss` first.
  var values: [(name: String, value: Double)] {
    var names: [String] = []
    var sums: [String: (sum: Double, samples: Int)] = [:]
    for batch in batches {
      for (name, bits) in zip(batch.names, batch.values) {
        if sums[name] == nil { names.append(name) }
        let old = sums[name] ?? (0, 0)
        sums[name] = (
          old.sum + Double(bitPattern: bits) * Double(batch.samples), old.samples + batch.samples
        )
      }
    }
    return names.map { name in (name, sums[name].map { $0.sum / Double(max(1, $0.samples)) } ?? 0) }
  }
}
