import Data
import Imaging
import Layers
import Modeling
import Tensors

/// What a backbone's map holds at each cell, as one number or as its strongest channels.
public struct ActivationMap: Sendable {
  /// What it is: `stage 2`, `scan of stage 2, block 1`.
  public let name: String
  /// Rows and columns.
  public let height, width: Int
  /// `[h, w]`.
  public let values: [Double]
  /// The strongest channels, by falling mean square, with their numbers; each `[h, w]`.
  public let channels: [(number: Int, values: [Double])]

  /// The largest and the mean value.
  public var extent: (largest: Double, mean: Double) {
    (values.max() ?? 0, values.reduce(0, +) / Double(max(1, values.count)))
  }

  /// A map `[1, h, w, C]`: the root of the mean square over the channels.
  init(stage number: Int, _ map: Tensor, channels count: Int) {
    let (height, width, channels) = (map.shape[1], map.shape[2], map.shape[3])
    let numbers = map.values
    let cells = height * width
    var squares = [Double](repeating: 0, count: cells)
    var energies = [Double](repeating: 0, count: channels)
    for cell in 0..<cells {
      for channel in 0..<channels {
        let value = Double(numbers[cell * channels + channel])
        squares[cell] += value * value
        energies[channel] += value * value
      }
    }
    let strongest = (0..<channels).sorted { (energies[$1], $0) < (energies[$0], $1) }.prefix(max(0, count))
    name = "stage \(number)"
    (self.height, self.width) = (height, width)
    values = squares.map { ($0 / Double(channels)).squareRoot() }
    self.channels = strongest.map { channel in
      (channel, (0..<cells).map { Double(numbers[$0 * channels + channel]) })
    }
  }

  /// A scan's response `[1, h, w]`.
  init(scan name: String, _ response: Tensor) {
    self.name = name
    (height, width) = (response.shape[1], response.shape[2])
    values = response.values.map { Double($0) }
    channels = []
  }
}

extension BackboneStudy {
  /// The maps of all stages, before their norms.
  ///
  /// - Parameters:
  ///   - image: `[1, H, W, 3]`.
  ///   - channels: How many of the strongest channels are kept.
  public func activations(_ image: Tensor, channels: Int) -> [ActivationMap] {
    ForwardMode.evaluation {
      backbone.stages(image).enumerated().map { ActivationMap(stage: $0 + 1, $1, channels: channels) }
    }
  }

  /// What the last scan of each stage responds to at one place of the image; nothing for a backbone without scans.
  ///
  /// - Parameters:
  ///   - image: `[1, H, W, 3]`.
  ///   - row: 0 ... 1, of the image's height.
  ///   - column: The same of its width.
  public func scanResponses(_ image: Tensor, row: Double, column: Double) -> [ActivationMap] {
    guard let backbone = backbone as? any ScanningBackbone else { return [] }
    let sizes = ForwardMode.evaluation { backbone.stages(image).map { ($0.shape[1], $0.shape[2]) } }
    return backbone.scans.enumerated().compactMap { stage, blocks in
      guard blocks > 0, sizes.indices.contains(stage) else { return nil }
      let (height, width) = sizes[stage]
      let response = backbone.scanResponse(
        image, stage: stage, block: blocks - 1, row: Int(row * Double(height)),
        column: Int(column * Double(width)))
      return ActivationMap(scan: "scan of stage \(stage + 1), block \(blocks)", response)
    }
  }
}
