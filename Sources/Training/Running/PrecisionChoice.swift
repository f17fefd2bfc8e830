import Configuration
import Tensors

/// In which type a model's products are taken in inference: what was asked for, as far as the processor can.
public struct PrecisionChoice: Sendable {
  /// What is used.
  public let precision: Precision
  /// What was asked for.
  public let asked: Precision
  /// Why it is not what was asked for; nil where it is.
  public let note: String?

  /// What a config's `precision` or the command (`--half`) asks for.
  public init(_ configuration: ExperimentConfiguration, half: Bool = false) {
    self.init(asked: half || configuration.usesBFloat16 ? .bfloat16 : .float32)
  }

  /// - Parameter asked: What is wanted.
  public init(asked: Precision) {
    self.asked = asked
    precision = asked.isAvailable ? asked : .float32
    note = asked.isAvailable ? nil : Precision.missing
  }

  /// What reports say: nil where nobody has asked for anything but float32.
  public var told: Precision? { asked == .float32 ? nil : precision }
}
