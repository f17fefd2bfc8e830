import Layers
import Tensors

/// The block of VMamba (arXiv:2401.10166, figure 3): a scan, and a perceptron where `mlp_ratio` is above 0.
public struct VSSBlock: UnaryLayer {
  private let norm: LayerNorm
  private let ss2d: SS2D
  private let norm2: LayerNorm?
  private let mlp: MLP?
  private let dropPath: DropPath

  /// A block of the given widths.
  ///
  /// - Parameters:
  ///   - hidden: Width of the perceptron's middle; 0 for none.
  public init(_ scan: SS2D.Configuration, hidden: Int, dropPath: DropPath) {
    norm = LayerNorm(scan.channels)
    ss2d = SS2D(scan)
    norm2 = hidden > 0 ? LayerNorm(scan.channels) : nil
    mlp = hidden > 0 ? MLP(scan.channels, hidden: hidden) : nil
    self.dropPath = dropPath
  }

  /// Weights under the release's names.
  public var tree: ParameterTree {
    ["norm": .layer(norm), "op": .layer(ss2d), "norm2": .layer(norm2), "mlp": .layer(mlp)]
  }

  /// `[B, H, W, C]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let y = x + dropPath(ss2d(norm(x)))
    guard let norm2, let mlp else { return y }
    return y + dropPath(mlp(norm2(y)))
  }
}

/// Linear, GELU, linear.
struct MLP: UnaryLayer {
  private let fc1, fc2: Linear

  init(_ channels: Int, hidden: Int) {
    fc1 = Linear(channels, hidden)
    fc2 = Linear(hidden, channels)
  }

  var tree: ParameterTree { ["fc1": .layer(fc1), "fc2": .layer(fc2)] }

  func callAsFunction(_ x: Tensor) -> Tensor { fc2(fc1(x, activation: .gelu)) }
}
