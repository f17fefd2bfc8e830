import Configuration
import Tensors

/// A step of a pipeline: loads, changes or checks a sample.
public protocol Transform: Sendable {
  /// The annotations that every sample carries behind it, if it was not for this step without them.
  var loads: AnnotationKinds { get }
  /// Whether pixels go to other places: annotations that are loaded behind this step do not fit the picture.
  var movesPixels: Bool { get }
  /// The changed sample. Random numbers are those of this sample and this place in the pipeline.
  ///
  /// - Returns: Nil when nothing useful is left: the data set then draws another index.
  /// - Throws: What is wrong with the sample's files; the caller adds the image's path.
  func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample?
}

extension Transform {
  /// None.
  public var loads: AnnotationKinds { [] }
  /// False.
  public var movesPixels: Bool { false }
}

/// Transforms, one after the other.
public struct Pipeline: Sendable {
  /// The steps, in order.
  public var transforms: [any Transform]

  /// What the config calls them.
  private let types: [String]

  /// A pipeline of given steps.
  public init(_ transforms: [any Transform]) {
    self.transforms = transforms
    types = []
  }

  /// The steps that a config lists.
  ///
  /// - Throws: `ConfigurationError` with the place of a step that is unknown or wrong.
  public init(_ steps: [ComponentConfiguration], in context: DataContext) throws {
    transforms = try steps.map {
      try context.components.transforms.build($0, scope: context.scope, in: context)
    }
    types = steps.map(\.type)
  }

  /// The name of each step: the config's, or the type's where there is no config.
  package var names: [String] {
    types.count == transforms.count ? types : transforms.map { "\(type(of: $0))" }
  }

  /// The annotations that every sample carries behind all steps.
  public var loads: AnnotationKinds { transforms.reduce(into: []) { $0.formUnion($1.loads) } }

  /// The first step that loads annotations behind one that moves pixels, by their names in the config.
  package var lateLoading: (loader: String, mover: String)? {
    guard let mover = transforms.firstIndex(where: \.movesPixels),
      let loader = transforms[mover...].dropFirst().firstIndex(where: { !$0.loads.isEmpty })
    else { return nil }
    return (names[loader], names[mover])
  }

  /// The sample behind all steps, or nil when one of them had nothing left. Seed, `step` and the sample's number are
  /// the key of the random numbers; `step` tells the draws for one sample number apart.
  public func callAsFunction(_ sample: Sample, seed: UInt64, step: Int = 0) throws -> Sample? {
    try self(sample, seed: seed, step: step) { _ in }
  }

  /// The same, telling after each step that it is done.
  package func callAsFunction(
    _ sample: Sample, seed: UInt64, step: Int = 0, afterStage done: (_ stage: Int) -> Void
  ) throws -> Sample? {
    var current = sample
    for (stage, transform) in transforms.enumerated() {
      var random = RandomGenerator(
        seed: seed, step: step, sample: sample.number, purpose: .augmentation(stage: stage))
      let next = try transform(current, random: &random)
      done(stage)
      guard let next else { return nil }
      current = next
    }
    return current
  }

  /// The sample behind all steps, which draw one after the other from the same random numbers: for pipelines within
  /// a transform.
  package func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    var current = sample
    for transform in transforms {
      guard let next = try transform(current, random: &random) else { return nil }
      current = next
    }
    return current
  }
}
