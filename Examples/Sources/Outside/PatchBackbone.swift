import Configuration
import Layers
import Modeling
import Tensors

/// Two convolutions, one map behind each: steps of four and of eight pixels.
public struct PatchBackbone: Backbone {
  /// Its keys.
  struct Settings: Decodable, Sendable {
    let dims: Int

    enum CodingKeys: CodingKey { case dims }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      dims = try keys.decodeIfPresent(Int.self, forKey: .dims, in: 1...64) ?? 8
    }
  }

  private let fine: ConvModule
  private let coarse: ConvModule
  /// Both maps.
  public let outputs: [FeatureMap]

  init(_ settings: Settings) {
    fine = ConvModule(3, settings.dims, kernel: 4, stride: 4)
    coarse = ConvModule(settings.dims, settings.dims, kernel: 2, stride: 2)
    outputs = [4, 8].map { FeatureMap(channels: settings.dims, stride: $0) }
  }

  /// Weights of both.
  public var tree: ParameterTree { ["fine": .layer(fine), "coarse": .layer(coarse)] }

  /// `[B, H, W, 3]` to `[B, H / 4, W / 4, dims]` and `[B, H / 8, W / 8, dims]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    let first = fine(images)
    return [first, coarse(first)]
  }
}
