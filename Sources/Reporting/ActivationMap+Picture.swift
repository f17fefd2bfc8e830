import Analysis
import Foundation
import Imaging

extension ActivationMap {
  /// The map over its image: brought to the image's size and mixed with it, two parts to one; each map from 0 to its
  /// maximum. Its numbers are raised to a power before they are drawn: 1, or less to show what is weak.
  public func picture(over image: Image, power scale: Double = 1) -> Image {
    let heat = HeatMap.image(Self.spread(values, fromZero: true, power: scale), height: height, width: width)
      .resized(height: image.height, width: image.width)
    var mixed = image
    mixed.pixels = zip(heat.pixels, image.pixels).map { UInt8((UInt16($0) * 2 + UInt16($1)) / 3) }
    return mixed
  }

  /// The strongest channels in rows and columns, each from its least to its largest number; nil where none are kept.
  public var channelsPicture: Image? {
    guard !channels.isEmpty else { return nil }
    let images = channels.map {
      HeatMap.image(Self.spread($0.values, fromZero: false, power: 1), height: height, width: width)
        .enlarged(to: 160)
    }
    return Image.grid(images, side: 160)
  }

  /// Numbers brought to 0 ... 1.
  private static func spread(_ values: [Double], fromZero: Bool, power: Double) -> [Double] {
    let low = fromZero ? 0 : values.min() ?? 0
    let high = values.max() ?? 1
    guard high > low, (high - low).isFinite else { return values.map { _ in 0 } }
    return values.map { (($0 - low) / (high - low)).raised(to: power) }
  }
}

extension Double {
  fileprivate func raised(to power: Double) -> Double { power == 1 ? self : pow(max(0, self), power) }
}
