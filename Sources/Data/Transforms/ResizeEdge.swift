import Configuration
import Imaging
import Tensors

/// Resamples the sample so that one edge has a length, in proportion (mmpretrain's `ResizeEdge`).
///
/// The other edge becomes int(scale · other / this one).
public struct ResizeEdge: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }

  /// Which edge gets the length.
  public enum Edge: String, Sendable, Decodable, CaseIterable {
    /// The shorter one.
    case short
    /// The longer one.
    case long
    /// The number of columns.
    case width
    /// The number of rows.
    case height
  }

  private let length: Int
  private let edge: Edge
  private let resampling: Resampling

  enum CodingKeys: String, CodingKey {
    case length = "scale"
    case edge
  }

  /// An edge of so many pixels.
  public init(_ length: Int, edge: Edge = .short, _ resampling: Resampling = .openCV(.bilinear)) {
    (self.length, self.edge, self.resampling) = (length, edge, resampling)
  }

  /// mmpretrain's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    length = try keys.decode(Int.self, forKey: .length, in: 1...ImageLimits.side)
    edge = try keys.decodeIfPresent(Edge.self, forKey: .edge) ?? .short
    resampling = try ResamplingKeys(from: decoder).resampling
  }

  /// The sample in its new size.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    let size = newSize(for: sample.size)
    try sample.requirePossible(size)
    return sample.resized(to: size, resampling: resampling)
  }

  /// What an image of a size becomes.
  package func newSize(for size: ImageSize) -> ImageSize {
    let setsWidth =
      switch edge {
      case .short: size.width < size.height
      case .long: size.width > size.height
      case .width: true
      case .height: false
      }
    func other(_ long: Int, over short: Int) -> Int { Int(Double(length * long) / Double(max(1, short))) }
    return setsWidth
      ? ImageSize(height: other(size.height, over: size.width), width: length)
      : ImageSize(height: length, width: other(size.width, over: size.height))
  }
}
