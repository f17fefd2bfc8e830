/// Why a step cannot be shared out.
public struct DistributionError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, and what would be right.
  public let description: String

  /// An error of these words.
  public init(_ description: String) { self.description = description }
}
