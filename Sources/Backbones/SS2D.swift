import Foundation
import Layers
import Tensors

// Letters of this file: B images, H and W the map's sides, C its channels, I the inner channels (ssm_ratio * C),
// K the directions with parameters of their own (4, or 1 when shared), R the rank of delta, N the states.

/// A number, or `auto`: the layer's own rule.
public enum AutomaticInt: Decodable, Sendable, Equatable {
  case auto
  case value(Int)

  /// Decodes a positive number or the word `auto`.
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let number = try? value.decode(Int.self) {
      guard (1...65_536).contains(number) else {
        throw DecodingError.dataCorruptedError(in: value, debugDescription: "\(number) is not in 1...65536")
      }
      self = .value(number)
    } else if (try? value.decode(String.self)) == "auto" {
      self = .auto
    } else {
      throw DecodingError.dataCorruptedError(in: value, debugDescription: "neither a whole number nor 'auto'")
    }
  }

  /// The number, or that of the rule.
  func resolved(_ rule: @autoclosure () -> Int) -> Int {
    if case .value(let number) = self { number } else { rule() }
  }
}

/// Two-dimensional selective scan (VMamba, arXiv:2401.10166, figure 3; `SS2D` of the release, `forward_type v2`).
public struct SS2D: UnaryLayer {
  /// Widths of the scan.
  public struct Configuration: Decodable, Sendable {
    /// C.
    public var channels: Int
    /// N; `auto` is ceil(C / 6).
    public var states: AutomaticInt
    /// R; `auto` is ceil(C / 16).
    public var deltaRank: AutomaticInt
    /// I / C.
    public var expansion: Double
    /// Whether the four directions share one set of parameters.
    public var isShared: Bool

    enum CodingKeys: String, CodingKey {
      case channels = "d_model"
      case states = "d_state"
      case deltaRank = "dt_rank"
      case expansion = "ssm_ratio"
      case isShared = "shared_ssm"
    }

    /// The published widths.
    public init(
      channels: Int, states: AutomaticInt = .value(16), deltaRank: AutomaticInt = .auto,
      expansion: Double = 2,
      isShared: Bool = false
    ) {
      (self.channels, self.states, self.deltaRank) = (channels, states, deltaRank)
      (self.expansion, self.isShared) = (expansion, isShared)
    }

    /// Decodes the release's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      channels = try keys.decode(Int.self, forKey: .channels, in: 1...65_536)
      states = try keys.decodeIfPresent(AutomaticInt.self, forKey: .states) ?? .value(16)
      deltaRank = try keys.decodeIfPresent(AutomaticInt.self, forKey: .deltaRank) ?? .auto
      expansion = try keys.decodeIfPresent(Double.self, forKey: .expansion, in: 1e-3...16) ?? 2
      isShared = try keys.decodeIfPresent(Bool.self, forKey: .isShared) ?? false
    }
  }

  private let inProjection: Linear
  private let convolution: Conv2d
  private let projection: Parameter  // [K, R + 2N, I]
  private let deltaWeight: Parameter  // [K, I, R]
  private let deltaBias: Parameter  // [K, I]
  private let aLogs: Parameter  // [K I, N]
  private let skip: Parameter  // [K I]
  private let outNorm: LayerNorm
  private let outProjection: Linear
  private let inner: Int

  /// A scan with the published initial values.
  public init(_ configuration: Configuration) {
    let channels = configuration.channels
    let rank = configuration.deltaRank.resolved((channels + 15) / 16)
    let states = configuration.states.resolved((channels + 5) / 6)
    let directions = configuration.isShared ? 1 : 4
    let inner = Int(configuration.expansion * Double(channels))
    self.inner = inner
    inProjection = Linear(channels, 2 * inner, bias: false)
    convolution = Conv2d(inner, inner, kernel: 3, padding: 1, groups: inner)
    projection = Parameter(
      [directions, rank + 2 * states, inner], .uniform(bound: 1 / Float(inner).squareRoot()))
    deltaWeight = Parameter([directions, inner, rank], .uniform(bound: 1 / Float(rank).squareRoot()))
    deltaBias = Parameter(
      [directions, inner],
      .custom { shape, generator in
        // softplus of it is log-uniform in [0.001, 0.1]
        (0..<shape.product).map { _ in
          let delta = max(exp(generator.uniform(log(0.001), log(0.1))), 1e-4)
          return delta + log(-expm1(-delta))
        }
      })
    aLogs = Parameter(
      [directions * inner, states],
      .custom { shape, _ in (0..<shape.product).map { log(Float($0 % shape[1] + 1)) } })
    skip = Parameter([directions * inner], .ones)
    outNorm = LayerNorm(inner)
    outProjection = Linear(inner, channels, bias: false)
  }

  /// Weights under the release's names.
  public var tree: ParameterTree {
    [
      "x_proj_weight": .parameter(projection), "dt_projs_weight": .parameter(deltaWeight),
      "dt_projs_bias": .parameter(deltaBias), "A_logs": .parameter(aLogs), "Ds": .parameter(skip),
      "in_proj": .layer(inProjection), "conv2d": .layer(convolution), "out_norm": .layer(outNorm),
      "out_proj": .layer(outProjection),
    ]
  }

  /// `[B, H, W, C]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let xz = inProjection(x)
    let x = convolution(xz.sliced(axis: -1, from: 0, to: inner)).silu()
    let z = xz.sliced(axis: -1, from: inner, to: 2 * inner)
    return outProjection(outNorm(scan(x)) * z.silu())
  }

  /// The four directions, scanned and summed up: `[B, H, W, I]`, shape kept.
  private func scan(_ x: Tensor) -> Tensor {
    ScanAccounting.v0 {
      let projected = linear(x, weight: projection.value.reshaped([-1, inner]))
      return crossSelectiveScan(
        x, projected: projected, dtWeight: deltaWeight.value, dtBias: deltaBias.value, aLogs: aLogs.value,
        skip: skip.value)
    }
  }
}
