import Tensors

/// One figure of a training step, under mm's name: `loss_rpn_cls`, `acc`, `decode.loss_ce`, ...
public struct LossTerm {
  /// mm's name.
  public var name: String
  /// One number.
  public var value: Tensor
  /// Whether training makes it smaller; otherwise it is only logged.
  public var isMinimized: Bool

  /// A term that is minimised.
  public static func loss(_ name: String, _ value: Tensor) -> LossTerm {
    LossTerm(name: name, value: value, isMinimized: true)
  }

  /// A figure that is only logged, such as an accuracy.
  public static func figure(_ name: String, _ value: Float) -> LossTerm {
    LossTerm(name: name, value: Tensor([value], shape: [1]), isMinimized: false)
  }
}

/// What a training step yields.
public struct Losses {
  /// Losses and figures to be logged, in order.
  public var terms: [LossTerm]

  /// Losses and figures.
  public init(_ terms: [LossTerm]) { self.terms = terms }

  /// What logs show beside the sum of the losses: a term of the sum's name would stand there twice.
  public var loggedTerms: [LossTerm] { terms.filter { $0.name != Self.totalName } }

  /// What logs call the sum, as mmengine does.
  public static let totalName = "loss"

  /// The sum of the terms that are minimised.
  public var total: Tensor {
    let losses = terms.filter(\.isMinimized).map(\.value)
    guard let first = losses.first else { return Tensor(0) }
    return losses.dropFirst().reduce(first) { $0 + $1 }
  }
}
