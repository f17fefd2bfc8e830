/// Whether operations compute their numbers, or work out no more than the shapes of their results.
///
/// A tensor that is made while only shapes are worked out has no memory and its numbers are undefined: zeros, should
/// somebody read them. So a model of any size can be run on an image of any size in milliseconds, to count what it does.
/// Nothing that was computed before is changed; no tensor that is made meanwhile may be used for numbers afterwards, so
/// what keeps results for later (folded and transformed weights, running statistics) keeps none now.
public enum Computation {
  /// Whether numbers are computed.
  @TaskLocal package static var isOn = true

  /// Runs `body` so that its operations only work out shapes: parallel loops and matrix products do nothing.
  public static func shapesOnly<R>(_ body: () throws -> R) rethrows -> R {
    try $isOn.withValue(false, operation: body)
  }
}
