import Configuration
import Data
import Layers
import Modeling
import Tensors

/// Mixes the images of a training batch and their targets.
public protocol BatchAugment: Sendable {
  /// The batch, mixed by random numbers that are its own.
  func callAsFunction(_ batch: ClassifiedBatch, random: inout RandomGenerator) -> ClassifiedBatch
}

/// One of several mixtures a batch (mmpretrain's `RandomBatchAugment`).
struct RandomBatchAugment: Sendable {
  private let augments: [any BatchAugment]
  private let probabilities: [Double]

  /// The mixtures that a config names; nil where it names none.
  ///
  /// - Throws: `ConfigurationError` for an unknown one.
  init?(_ settings: BatchAugmentSettings?, in context: ModelContext) throws {
    guard let settings, !settings.augments.isEmpty else { return nil }
    augments = try settings.augments.map {
      try context.components.classification.batchAugments.build($0, scope: context.scope, in: context)
    }
    probabilities = settings.probabilities
  }

  /// The batch of a training step, mixed; nil where it stays as it is.
  ///
  /// The numbers are those of the step and the batch's first sample, so that batches of one step differ.
  func callAsFunction(_ batch: ClassifiedBatch, in step: ForwardMode.Step) -> ClassifiedBatch? {
    var random = RandomGenerator(
      seed: step.seed, step: step.step, sample: step.samples.first ?? 0, purpose: .mixing)
    var left = Double(random.uniform())
    for (augment, probability) in zip(augments, probabilities) {
      if left < probability { return augment(batch, random: &random) }
      left -= probability
    }
    // The sum of all may be less than 1 by rounding only.
    if probabilities.reduce(0, +) > 1 - 1e-9, let last = augments.last { return last(batch, random: &random) }
    return nil
  }
}

/// How many draws a batch has (timm's `mode`).
public enum MixingMode: String, Decodable, CaseIterable, Sendable {
  /// One for all images, as in mmpretrain.
  case batch
  /// One an image.
  case elem
  /// One for an image and its partner.
  case pair

  /// How many draws a batch of `count` images has.
  package func draws(count: Int) -> Int {
    switch self {
    case .batch: min(1, count)
    case .elem: count
    case .pair: (count + 1) / 2
    }
  }

  /// The draw of each image of a batch.
  package func spread<Draw>(_ draws: [Draw], count: Int) -> [Draw] {
    (0..<count).compactMap { image in
      let place =
        switch self {
        case .batch: 0
        case .elem: image
        case .pair: min(image, count - 1 - image)
        }
      return draws.indices.contains(place) ? draws[place] : nil
    }
  }
}
