import Layers
import Tensors

/// The block of VMamba (arXiv:2401.10166, figure 3): a scan and a perceptron, each behind a norm and added to its input.
public struct VSSBlock: UnaryLayer {
  /// The release's keys of a block.
  public struct Settings: Decodable, Sendable {
    /// The scan; none where its ratio is 0 or less.
    public var scan = SS2D.Settings()
    /// The perceptron; none where its ratio is 0 or less.
    public var perceptron = PerceptronSettings()
    /// What is before both.
    public var norm = VSSMNorm.ln

    enum CodingKeys: String, CodingKey { case norm = "norm_layer" }

    /// The release's defaults.
    public init() {}

    /// Decodes the release's keys.
    public init(from decoder: any Decoder) throws {
      scan = try SS2D.Settings(from: decoder)
      perceptron = try PerceptronSettings(from: decoder)
      norm =
        try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(VSSMNorm.self, forKey: .norm) ?? norm
    }
  }

  private let norm: (any UnaryLayer)?
  private let ss2d: SS2D?
  private let norm2: (any UnaryLayer)?
  private let mlp: MLP?
  private let dropPath: DropPath
  /// Whether the norms take the statistics of a batch.
  private let seesBatch: Bool

  /// A block of the given width.
  ///
  /// - Parameters:
  ///   - channels: C.
  ///   - settings: Of the scan, the perceptron and the norms before them.
  ///   - number: Tells the blocks of a model apart in the keys of random numbers.
  ///   - dropPathRate: Of stochastic depth.
  public init(_ channels: Int, _ settings: Settings, number: Int = 0, dropPathRate: Float = 0) {
    let (hasScan, hasPerceptron) = (settings.scan.expansion > 0, settings.perceptron.ratio > 0)
    let dropout = Self.firstDropout + 3 * number
    norm = hasScan ? settings.norm.make(channels) : nil
    ss2d = hasScan ? SS2D(channels, settings.scan, layer: dropout) : nil
    norm2 = hasPerceptron ? settings.norm.make(channels) : nil
    mlp =
      hasPerceptron
      ? MLP(
        channels, hidden: settings.perceptron.hidden(of: channels),
        activation: settings.perceptron.activation.function, isGated: settings.perceptron.isGated,
        dropRate: settings.perceptron.dropRate, layer: dropout + 1) : nil
    dropPath = DropPath(probability: dropPathRate, layer: number)
    seesBatch = settings.norm == .bn
  }

  /// Heads number their dropouts from 0.
  private static var firstDropout: Int { 1000 }

  /// Weights under the release's names.
  public var tree: ParameterTree {
    ["norm": .layer(norm), "op": .layer(ss2d), "norm2": .layer(norm2), "mlp": .layer(mlp)]
  }

  /// What the scan responds to at one pixel, `[B, H, W]` by `[B, H, W, C]`; zeros for a block without a scan.
  func response(_ x: Tensor, row: Int, column: Int) -> Tensor {
    guard let norm, let ss2d else { return .zeros(Array(x.shape.dropLast())) }
    return ss2d.response(withoutGradients { norm(x) }, row: row, column: column)
  }

  /// `[B, H, W, C]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    if let norm, let ss2d {
      x = dropPath.sum(x, ofWholeBatch: seesBatch) { ss2d(norm($0), addedTo: $1) }
    }
    if let norm2, let mlp {
      x = dropPath.sum(x, ofWholeBatch: seesBatch) { mlp(norm2($0), addedTo: $1) }
    }
    return x
  }
}
