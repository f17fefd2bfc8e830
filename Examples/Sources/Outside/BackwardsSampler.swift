import Data

/// Every picture once an epoch, the last one first.
public struct BackwardsSampler: Sampler {
  /// It has no keys.
  struct Settings: Decodable, Sendable {
    init(from decoder: any Decoder) throws {
      enum NoKeys: CodingKey {}
      _ = try decoder.container(keyedBy: NoKeys.self)
    }
  }

  private let count: Int

  init(in context: SamplerContext) { count = context.count }

  /// No.
  public let isInfinite = false
  /// The same in every pass.
  public func order(pass: Int) -> [Int] { (0..<count).reversed() }
}
