import Classification
import Configuration
import Modeling
import Tensors
import Testing

@Suite("mixed batches")
struct MixingTests {
  /// Images whose every number is their own; see the golden cases for the arithmetic.
  private let batch = ClassifiedBatch(
    images: Tensor(
      (0..<4).flatMap { image in [Float](repeating: Float(image), count: 6 * 10 * 3) }, shape: [4, 6, 10, 3]),
    labels: [0, 1, 2, 3], classes: 4)

  private func mixed(_ text: String, seed: UInt64 = 1) throws -> ClassifiedBatch {
    let components = Components.classifiers
    let node = try ComponentConfiguration(ConfigurationNode.parse("{type: \(text)}", file: "a.yaml"))
    let augment = try components.classification.batchAugments.build(
      node, scope: nil, in: ModelContext(components: components))
    var random = RandomGenerator(seed: seed, purpose: .mixing)
    return augment(batch, random: &random)
  }

  /// The share of each image's own class, and of its partner's.
  private func shares(_ batch: ClassifiedBatch) -> [(own: Float, partner: Float)] {
    (0..<4).map { (batch.targets.values[4 * $0 + $0], batch.targets.values[4 * $0 + 3 - $0]) }
  }

  @Test(
    "pixels and targets have the same shares",
    arguments: ["Mixup, alpha: 0.8", "CutMix, alpha: 1.0", "CutMix, alpha: 1.0, cutmix_minmax: [0.2, 0.8]"],
    ["batch", "elem", "pair"])
  func areas(text: String, mode: String) throws {
    for seed in 0..<20 {
      let result = try mixed("\(text), mode: \(mode)", seed: UInt64(seed))
      let shares = shares(result)
      for (image, share) in shares.enumerated() {
        #expect(abs(share.own + share.partner - 1) < 1e-6)
        let mean = result.images.values[(image * 180)..<(image * 180 + 180)].reduce(0, +) / 180
        let expected = share.own * Float(image) + share.partner * Float(3 - image)
        #expect(abs(mean - expected) < 1e-4, "\(seed), image \(image): \(mean), not \(expected)")
      }
      switch mode {
      case "batch": #expect(shares.allSatisfy { $0 == shares[0] })
      case "pair": #expect(shares[0] == shares[3] && shares[1] == shares[2])
      default: break
      }
    }
    let spread = Set(try (0..<20).map { self.shares(try mixed("\(text), mode: \(mode)", seed: $0))[0].own })
    #expect(spread.count > 5)
  }

  @Test("a rectangle that is cut at the border keeps the drawn share where correct_lam is false")
  func uncorrected() throws {
    let differing = try (0..<20).filter { seed in
      shares(try mixed("CutMix, alpha: 1.0", seed: seed))[0]
        != shares(try mixed("CutMix, alpha: 1.0, correct_lam: false", seed: seed))[0]
    }
    #expect(differing.count > 5)
  }

  @Test(
    "shares are drawn from the beta distribution",
    arguments: [(0.2, 0.1786), (0.8, 0.0962), (1.0, 0.0833), (4.0, 0.0278), (0.001, 0.2495)])
  func distribution(alpha: Double, variance: Double) throws {
    let draws = try (0..<2000).map { seed in
      Double(shares(try mixed("Mixup, alpha: \(alpha)", seed: seed))[0].own)
    }
    let mean = draws.reduce(0, +) / 2000
    let spread = draws.reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) } / 2000
    #expect(draws.allSatisfy { (0...1).contains($0) })
    // Four deviations of the estimates.
    #expect(abs(mean - 0.5) < 4 * (variance / 2000).squareRoot(), "\(mean)")
    #expect(abs(spread - variance) < 0.012, "\(spread)")
  }

  @Test("odd batches and batches of one are mixed, too", arguments: [1, 3])
  func odd(count: Int) throws {
    let images = Tensor((0..<count * 12).map { Float($0) }, shape: [count, 2, 2, 3])
    let batch = ClassifiedBatch(images: images, labels: (0..<count).map { Int32($0) }, classes: 3)
    for mode in MixingMode.allCases {
      let mixtures = (0..<mode.draws(count: count)).map { _ in Mixture.blend(share: 0.25) }
      let mixed = batch.mixed(by: mode.spread(mixtures, count: count))
      // The one in the middle is its own partner.
      let middle = count / 2
      let rows = (middle * 12)..<(middle * 12 + 12)
      #expect(Array(mixed.images.values[rows]) == Array(images.values[rows]))
      #expect(mixed.targets.values[3 * middle + middle] == 1)
    }
  }
}
