import Configuration
import Data
import Modeling

/// The share of pictures in which something of the right class was found: an object, or a pixel.
public struct FoundMetric: Metric {
  /// Its key.
  struct Settings: Decodable, Sendable {
    let scoreThreshold: Float

    enum CodingKeys: String, CodingKey { case scoreThreshold = "score_thr" }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      scoreThreshold = try keys.decodeIfPresent(Float.self, forKey: .scoreThreshold, in: 0...1) ?? 0
    }
  }

  /// Pictures counted.
  public struct Counts: Codable, Sendable {
    var found = 0
    var all = 0
  }

  private let settings: Settings
  /// Pictures so far.
  public private(set) var state = Counts()
  /// One.
  public let figures = [MetricFigure("outside/found")]

  init(_ settings: Settings) { self.settings = settings }

  /// Looks whether the class of the picture's first object was found.
  public mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    guard let wanted = sample.annotations.first?.label else {
      throw DataError(file: sample.imagePath, "has no object that could be found")
    }
    let objects = prediction.instances.map { found in
      zip(found.labels, found.scores).contains { $0.0 == wanted && $0.1 >= settings.scoreThreshold }
    }
    let pixels = prediction.labelMap.map { $0.pixels.contains(Int32(wanted)) }
    state.all += 1
    state.found += objects == true || pixels == true ? 1 : 0
  }

  /// Adds the counts of other pictures.
  public mutating func merge(_ state: Counts) {
    self.state.found += state.found
    self.state.all += state.all
  }

  /// `outside/found`, a fraction; NaN without pictures.
  public func summary() -> MetricSummary {
    let share = Double(state.found) / Double(state.all)
    return MetricSummary(
      values: [(name: "outside/found", value: share)],
      table: "found in \(state.found) of \(state.all) pictures",
      json: ["found": state])
  }
}
