import Layers
import Modeling
import Tensors

/// The effective receptive field of a backbone (Luo et al., arXiv:1701.04128, as VMamba's `analyze/erf.py` and RepLKNet
/// measure it): how much each pixel has to do with the middle of the last stage's map.
public struct ReceptiveField: Sendable {
  /// What each pixel has to do with it, `[H, W]`, 0 or more: the mean over the images.
  public let map: [Double]
  /// Rows of `map`.
  public let height: Int
  /// Columns of `map`.
  public let width: Int

  /// A field from its map: `height` rows of `width` numbers that are 0 or more.
  public init(map: [Double], height: Int, width: Int) {
    precondition(map.count == height * width, "\(map.count) numbers for \(height) x \(width)")
    (self.map, self.height, self.width) = (map, height, width)
  }

  /// The field over images, each of the same shape `[B, H, W, C]`; nil without any.
  ///
  /// The score of an image is the sum over the channels of the positive values in the middle of the coarsest map,
  /// (h / 2, w / 2) in whole numbers; its map is the sum over batch and colours of the score's positive derivatives by
  /// the pixels. Where `isNormalized` is true, the coarsest map is taken behind the norm with which it is returned.
  public init?(
    of backbone: any Backbone, images: some Sequence<Tensor>, isNormalized: Bool = false
  ) {
    var sums: [Double] = []
    var (height, width, count) = (0, 0, 0)
    for image in images {
      guard let map = Self.map(of: backbone, image, isNormalized: isNormalized) else { return nil }
      if count == 0 { (sums, height, width) = (map, image.shape[1], image.shape[2]) }
      guard map.count == sums.count, image.shape[2] == width else { return nil }
      if count > 0 { for index in sums.indices { sums[index] += map[index] } }
      count += 1
    }
    guard count > 0 else { return nil }
    self.init(map: sums.map { $0 / Double(count) }, height: height, width: width)
  }

  /// The map of one batch; nil for a backbone without maps.
  private static func map(of backbone: any Backbone, _ images: Tensor, isNormalized: Bool) -> [Double]? {
    let pixels = images.withGradient()
    let map = ForwardMode.keepingStatistics {
      (isNormalized ? backbone(pixels) : backbone.stages(pixels)).last
    }
    guard let map else { return nil }
    let (row, column) = (map.shape[1] / 2, map.shape[2] / 2)
    map.sliced(axis: 1, from: row, to: row + 1).sliced(axis: 2, from: column, to: column + 1).relu().sum()
      .backward()
    let plane = images.shape[1] * images.shape[2]
    var sums = [Double](repeating: 0, count: plane)
    guard let gradient = pixels.gradient else { return sums }
    let channels = images.shape[3]
    for (index, value) in gradient.values.enumerated() where value > 0 {
      sums[index / channels % plane] += Double(value)
    }
    return sums
  }
}
