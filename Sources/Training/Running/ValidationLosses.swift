import Configuration
import Data
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

  private var names: [String] = []
  private var sums: [String: Double] = [:]
  private var samples: [String: Int] = [:]

  /// Adds a batch, which counts by its samples.
  ///
  /// - Throws: Errors of the model about samples that it cannot learn from.
  mutating func add(_ batch: [Sample], to model: any Model) throws {
    let losses = try ForwardMode.evaluation { try model.losses(batch.map(Self.fitting)) }
    add(Self.total.name, Double(losses.total.scalar), batch.count)
    for term in losses.loggedTerms { add(Self.prefix + term.name, Double(term.value.scalar), batch.count) }
  }

  /// A sample with a label map of its image's size: a validation may have that of the file.
  private static func fitting(_ sample: Sample) -> Sample {
    guard let map = sample.labelMap, map.size != sample.size else { return sample }
    var sample = sample
    sample.labelMap = map.resizedNearest(height: sample.size.height, width: sample.size.width)
    return sample
  }

  private mutating func add(_ name: String, _ value: Double, _ count: Int) {
    if sums[name] == nil { names.append(name) }
    sums[name, default: 0] += value * Double(count)
    samples[name, default: 0] += count
  }

  /// The means, in the order of the terms; `val/loss` first.
  var values: [(name: String, value: Double)] {
    names.map { ($0, (sums[$0] ?? 0) / Double(max(1, samples[$0] ?? 0))) }
  }
}
