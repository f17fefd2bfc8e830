import Analysis
import Training

/// Keeps the figures of a run as curves.
final class CurveRecord: ScalarSink {
  private(set) var curves: RunCurves
  private let unit: TrainLoop.Unit
  private var lastStep = 0.0

  /// A run that begins, or goes on behind what is known of it already.
  init(_ curves: RunCurves, unit: TrainLoop.Unit) {
    (self.curves, self.unit) = (curves, unit)
  }

  private static let places: Set<String> = ["epoch", "iter", "memory"]

  func write(_ scalars: Scalars) {
    let isOfValidation = scalars.origin == .validation
    // Where epochs are counted, a validation says those.
    let step = isOfValidation && unit == .epochs ? lastStep : Double(scalars.step)
    if !isOfValidation { lastStep = step }
    let values = scalars.fields.filter { name, _ in
      !Self.places.contains(name) && !(isOfValidation && ["time", "data_time"].contains(name))
    }
    curves.add(
      step: step, isOfValidation: isOfValidation,
      values.map { name, value in
        switch value {
        case .integer(let number): (name: name, value: Double(number))
        case .real(let number): (name: name, value: number)
        }
      })
  }
}
