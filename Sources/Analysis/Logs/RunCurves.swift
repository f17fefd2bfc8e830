import Foundation

/// What a run's log tells over its iterations: losses, rates and the figures of validations.
public struct RunCurves: Sendable {
  /// A figure at an iteration.
  public struct Point: Sendable, Equatable {
    /// Iterations done.
    public var step: Double
    /// The figure; never NaN.
    public var value: Double

    /// A figure at an iteration.
    public init(step: Double, value: Double) { (self.step, self.value) = (step, value) }
  }

  /// One figure over the run.
  public struct Curve: Sendable, Equatable {
    /// As the log calls it: `loss`, `coco/bbox_mAP`.
    public var name: String
    /// Whether validations gave it.
    public var isOfValidation: Bool
    /// By rising steps.
    public var points: [Point]

    /// A curve.
    public init(name: String, isOfValidation: Bool, points: [Point] = []) {
      (self.name, self.isOfValidation, self.points) = (name, isOfValidation, points)
    }
  }

  /// What the run is called.
  public var name: String
  /// In the order in which they came up.
  public private(set) var curves: [Curve] = []
  private var places: [String: Int] = [:]

  /// A run of which nothing is known yet.
  public init(name: String) { self.name = name }

  /// Adds figures of one moment; what is no number is left out. Points of this step and later ones go before.
  public mutating func add(
    step: Double, isOfValidation: Bool, _ values: [(name: String, value: Double)]
  ) {
    for (name, value) in values where value.isFinite {
      let key = (isOfValidation ? "v" : "t") + name
      let place = places[key] ?? curves.count
      if place == curves.count { curves.append(Curve(name: name, isOfValidation: isOfValidation)) }
      places[key] = place
      while let last = curves[place].points.last, last.step >= step { curves[place].points.removeLast() }
      curves[place].points.append(Point(step: step, value: value))
    }
  }

  /// Drops what is behind a step: a run that goes on from there tells it anew.
  public mutating func cut(after step: Double) {
    for place in curves.indices {
      while let last = curves[place].points.last, last.step > step { curves[place].points.removeLast() }
    }
  }

  /// Goes on with another run, which begins behind a step of this one.
  public mutating func append(_ other: RunCurves) {
    let starts = other.curves.compactMap { $0.points.first?.step }
    guard let start = starts.min() else { return }
    cut(after: start - 0.5)
    for curve in other.curves {
      for point in curve.points {
        add(step: point.step, isOfValidation: curve.isOfValidation, [(curve.name, point.value)])
      }
    }
  }

  /// The curves of a name.
  public subscript(name: String) -> [Curve] { curves.filter { $0.name == name } }
}

extension RunCurves.Curve {
  /// At most so many points that look the same: the least and the largest of each stretch, and the two ends.
  public func thinned(to count: Int = 2_000) -> [RunCurves.Point] {
    guard points.count > max(4, count), let first = points.first, let last = points.last else {
      return points
    }
    let inner = points.dropFirst().dropLast()
    let stretches = (count - 2) / 2
    var kept = [first]
    for stretch in 0..<stretches {
      let from = inner.startIndex + stretch * inner.count / stretches
      let to = inner.startIndex + (stretch + 1) * inner.count / stretches
      let part = inner[from..<to].enumerated()
      guard let least = part.min(by: { $0.element.value < $1.element.value }),
        let largest = part.max(by: { $0.element.value < $1.element.value })
      else { continue }
      let pair = least.offset < largest.offset ? [least, largest] : [largest, least]
      kept += pair[0].offset == pair[1].offset ? [pair[0].element] : pair.map(\.element)
    }
    return kept + [last]
  }
}
