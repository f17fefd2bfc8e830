import Configuration
import Tensors

/// Runs one of several pipelines, drawn for each sample (mm's `RandomChoice`).
public struct RandomChoice: Transform {
  /// mm's keys.
  struct Configuration: Decodable, Sendable {
    var pipelines: [PipelineConfiguration]
    var probabilities: [Double]?

    enum CodingKeys: String, CodingKey {
      case pipelines = "transforms"
      case probabilities = "prob"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      pipelines = try keys.decode([PipelineConfiguration].self, forKey: .pipelines)
      guard !pipelines.isEmpty else {
        throw keys.refusal("one or more pipelines are wanted", forKey: .pipelines)
      }
      probabilities = try keys.decodeIfPresent([Double].self, forKey: .probabilities)
      guard let probabilities else { return }
      guard probabilities.count == pipelines.count else {
        throw keys.refusal(
          "\(pipelines.count) pipelines have \(probabilities.count) probabilities", forKey: .probabilities)
      }
      let sum = probabilities.reduce(0, +)
      guard probabilities.allSatisfy({ $0 >= 0 }), abs(sum - 1) < 1e-6 else {
        throw keys.refusal(
          "probabilities from 0 on whose sum is 1 are wanted, not \(sum)", forKey: .probabilities)
      }
    }
  }

  private let pipelines: [Pipeline]
  /// Where in 0 ..< 1 the share of each pipeline ends.
  private let ends: [Double]

  /// Pipelines and how likely each is; without probabilities all equally.
  public init(_ pipelines: [Pipeline], probabilities: [Double]? = nil) {
    precondition(
      !pipelines.isEmpty && probabilities?.count ?? pipelines.count == pipelines.count,
      "\(pipelines.count) pipelines, \(probabilities.map { "\($0.count)" } ?? "no") probabilities")
    self.pipelines = pipelines
    var sum = 0.0
    ends = (probabilities ?? [Double](repeating: 1 / Double(pipelines.count), count: pipelines.count)).map {
      sum += $0
      return sum
    }
  }

  init(_ configuration: Configuration, in context: DataContext) throws {
    self.init(
      try configuration.pipelines.map { try Pipeline($0.steps, in: context) },
      probabilities: configuration.probabilities)
  }

  /// What each of the pipelines loads.
  public var loads: AnnotationKinds { pipelines.map(\.loads).common }
  /// Whether a step of any of them does.
  public var movesPixels: Bool { pipelines.contains { $0.transforms.contains(where: \.movesPixels) } }

  /// The sample behind the pipeline that was drawn.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    let drawn = Double(random.uniform())
    // Rounding may leave the last end below 1.
    let index = ends.firstIndex { drawn < $0 } ?? ends.count - 1
    return try pipelines[index](sample, random: &random)
  }
}

/// A pipeline within a transform: steps, or a single one.
struct PipelineConfiguration: Decodable, Sendable {
  var steps: [ComponentConfiguration]

  init(from decoder: any Decoder) throws {
    // Either is opened by the decoder at hand, which knows then that all its keys are taken.
    steps =
      (try? decoder.unkeyedContainer()) == nil
      ? [try ComponentConfiguration(from: decoder)] : try [ComponentConfiguration](from: decoder)
  }
}
