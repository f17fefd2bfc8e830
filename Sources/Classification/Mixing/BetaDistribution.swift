import Foundation
import Layers
import Tensors

/// Beta(alpha, alpha): shares of two images, near 0 and 1 for a small alpha, near a half for a large one.
struct BetaDistribution: Sendable {
  let alpha: Double

  /// A number from 0 to 1: x / (x + y) of two gamma variates, by their logarithms, which do not vanish for a small alpha.
  func draw(_ random: inout RandomGenerator) -> Double {
    let difference = logarithmOfGamma(&random) - logarithmOfGamma(&random)
    return 1 / (1 + exp(-difference))
  }

  /// log x of a gamma variate (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000); below 1 one
  /// of alpha + 1 times u^(1 / alpha).
  private func logarithmOfGamma(_ random: inout RandomGenerator) -> Double {
    guard alpha >= 1 else {
      let larger = BetaDistribution(alpha: alpha + 1).logarithmOfGamma(&random)
      return larger + log(Self.positive(&random)) / alpha
    }
    let d = alpha - 1 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = Double(random.normal())
      let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
      if v > 0, log(Self.positive(&random)) < 0.5 * x * x + d - d * v + d * log(v) { return log(d * v) }
    }
  }

  /// Uniform in (0, 1].
  private static func positive(_ random: inout RandomGenerator) -> Double { 1 - Double(random.uniform()) }
}
