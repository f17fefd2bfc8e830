/// How operations run on a thread, to be taken along to another one.
package struct OperationContext: Sendable {
  private let computes = Computation.isOn
  private let records = Recording.isOn
  private let recomputation = Recomputation.current
  private let probe = FiniteProbe.current
  private let counter = OperationCounter.current
  private let profiled = OperationProfile.Thread.current

  private init() {}

  /// That of the calling thread.
  package static var current: OperationContext { OperationContext() }

  /// Runs `body` as on the thread that this was taken from; its operations count among those measured there.
  package func run<R>(_ body: () throws -> R) rethrows -> R {
    try Computation.$isOn.withValue(computes) {
      try Recording.$isOn.withValue(records) {
        try Recomputation.$current.withValue(recomputation) {
          try FiniteProbe.$current.withValue(probe) {
            try OperationCounter.$current.withValue(counter) {
              try OperationProfile.Thread.$stood.withValue(profiled, operation: body)
            }
          }
        }
      }
    }
  }
}
