import Foundation
import Layers
import Tensors

/// `ssm_init` of the release: first values of the scan's own weights.
public enum ScanInitialization: String, Decodable, CaseIterable, Sendable {
  /// Those of Mamba.
  case v0
  /// Normal numbers.
  case v1
  /// Small ones, without decay of their own.
  case v2

  func deltaWeight(rank: Int) -> Initializer {
    switch self {
    case .v0: .uniform(bound: 1 / Float(rank).squareRoot())
    case .v1: .normal(deviation: 0.1)
    case .v2: Self.uptoATenth
    }
  }

  var deltaBias: Initializer {
    switch self {
    case .v0:
      .custom { shape, generator in
        // softplus of it is log-uniform in [0.001, 0.1]
        (0..<shape.product).map { _ in
          let delta = max(exp(generator.uniform(log(0.001), log(0.1))), 1e-4)
          return delta + log(-expm1(-delta))
        }
      }
    case .v1: .normal(deviation: 0.1)
    case .v2: Self.uptoATenth
    }
  }

  var aLogs: Initializer {
    switch self {
    case .v0: .custom { shape, _ in (0..<shape.product).map { log(Float($0 % shape[1] + 1)) } }
    case .v1: .normal(deviation: 1)
    case .v2: .zeros
    }
  }

  private static var uptoATenth: Initializer {
    .custom { shape, generator in (0..<shape.product).map { _ in generator.uniform(0, 0.1) } }
  }
}
