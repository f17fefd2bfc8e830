import Layers
import Tensors

/// From pixels to the first stage's map. Numbers are places in the release's `Sequential`.
struct VSSMPatchEmbedding: UnaryLayer {
  /// `patchembed_version` of the release.
  enum Version: String, Decodable, CaseIterable, Sendable {
    /// A convolution of a patch's size, norm; what is left of a side is dropped.
    case v1
    /// Two overlapping convolutions of half the size, each with a norm, GELU between them.
    case v2

    /// Pixels a step.
    func stride(patchSize: Int) -> Int { self == .v1 ? patchSize : (patchSize / 2) * (patchSize / 2) }
  }

  private let first: Conv2d
  private let firstNorm: (any UnaryLayer)?
  private let second: Conv2d?
  private let secondNorm: (any UnaryLayer)?

  /// - Parameters:
  ///   - patchSize: Even in version 2.
  ///   - norm: None: without norms (`patch_norm: false`).
  init(_ version: Version, patchSize: Int, from inputs: Int, to channels: Int, norm: VSSMNorm?) {
    switch version {
    case .v1:
      first = Conv2d(inputs, channels, kernel: patchSize, stride: patchSize)
      firstNorm = norm?.make(channels)
      (second, secondNorm) = (nil, nil)
    case .v2:
      let stride = patchSize / 2
      first = Conv2d(inputs, channels / 2, kernel: stride + 1, stride: stride, padding: 1)
      firstNorm = norm?.make(channels / 2)
      second = Conv2d(channels / 2, channels, kernel: stride + 1, stride: stride, padding: 1)
      secondNorm = norm?.make(channels)
    }
  }

  var tree: ParameterTree {
    ["0": .layer(first), "2": .layer(firstNorm), "5": .layer(second), "7": .layer(secondNorm)]
  }

  /// `[B, H, W, I]` to `[B, h, w, C]`.
  func callAsFunction(_ images: Tensor) -> Tensor {
    let x = normalized(first(images), firstNorm)
    guard let second else { return x }
    return normalized(second(x.gelu()), secondNorm)
  }

  private func normalized(_ x: Tensor, _ norm: (any UnaryLayer)?) -> Tensor { norm?(x) ?? x }
}
