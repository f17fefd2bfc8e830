/// How many multiply-accumulates a selective scan is said to take.
public enum ScanRule: String, CaseIterable, Sendable, Codable {
  /// As the tables of VMamba's release of February 2024 have it: the steps of the plain algorithm, as a counter of
  /// contractions takes them (`flops_selective_scan_ref`).
  case legacy
  /// As the tool counts since: 9 a channel, step and state, and the skip (`flops_selective_scan_fn`).
  case hardware

  package func count(images b: Int, channels d: Int, steps l: Int, states n: Int) -> Int {
    let skip = [b, d, l].multiplied
    let all = [b, d, l, n].multiplied
    switch self {
    case .hardware: return [9, all].multiplied.plus(skip)
    case .legacy:
      // dt A, an outer product; dt B u, a contraction of three; of each step its update and its product with C.
      let state = [b, d, n].multiplied
      let step = state.plus(PrintedCount.halved([2, state].multiplied))
      return PrintedCount.halved(all).plus(PrintedCount.halved([2, all].multiplied))
        .plus([l, step].multiplied).plus(skip)
    }
  }
}

/// What belongs to a scan in a release's tables: how the layers that make delta, B and C are written there, and by which
/// rule the scan is counted.
public struct ScanAccounting: Sendable, Equatable {
  /// How a release writes the projections.
  public enum Projections: Sendable, Equatable {
    /// As contractions by an einsum, counted from a printed number.
    case einsum
    /// As 1x1 convolutions in groups, counted exactly.
    case convolution
  }

  /// How the projections are written.
  public var projections: Projections
  /// By which rule the scan is counted unless another is asked for.
  public var rule: ScanRule

  /// February 2024: `forward_type: v0`.
  public static let v0 = ScanAccounting(projections: .einsum, rule: .legacy)
  /// The current release with einsums: `forward_type: v3` and others.
  public static let v3 = ScanAccounting(projections: .einsum, rule: .hardware)
  /// The current release: `forward_type: v05`.
  public static let v05 = ScanAccounting(projections: .convolution, rule: .hardware)

  /// That of the scan that runs now; nil outside of one.
  @TaskLocal static var current: ScanAccounting?

  /// Runs a scan with the layer that makes its inputs (`linear`, then `crossSelectiveScan`), so that they are counted in
  /// this way.
  public func callAsFunction<R>(_ body: () throws -> R) rethrows -> R {
    try Self.$current.withValue(self, operation: body)
  }
}

/// Counts that the published tools took from a printed number of four digits.
package enum PrintedCount {
  /// Half of a count as `printf("%.3e")` shows it, rounded down: h(x) = floor(r4(x) / 2).
  package static func halved(_ count: Int) -> Int {
    var unit = 1
    while count / unit >= 10_000 { unit *= 10 }
    let (digits, rest) = (count / unit, count % unit)
    // A tie goes to the even digit.
    let isUp = 2 * rest > unit || (2 * rest == unit && digits % 2 == 1)
    return (digits + (isUp ? 1 : 0)) * unit / 2
  }
}
