import Checkpoints

/// How close a result must be (golden README, "Comparing").
struct ToleranceRule: Decodable, Sendable {
  var relative: Double?
  var absolute: Double?
  var isElementwise: Bool
  var mismatch: Double?
  var largest: Double?
  var mean: Double?

  enum CodingKeys: String, CodingKey {
    case relative = "rtol"
    case absolute = "atol"
    case isElementwise = "each"
    case mismatch
    case largest = "max_abs"
    case mean = "mean_abs"
  }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    relative = try keys.decodeIfPresent(Double.self, forKey: .relative)
    absolute = try keys.decodeIfPresent(Double.self, forKey: .absolute)
    isElementwise = try keys.decodeIfPresent(Bool.self, forKey: .isElementwise) ?? false
    mismatch = try keys.decodeIfPresent(Double.self, forKey: .mismatch)
    largest = try keys.decodeIfPresent(Double.self, forKey: .largest)
    mean = try keys.decodeIfPresent(Double.self, forKey: .mean)
  }
}

/// The largest deviation of a case.
public struct Deviation: Sendable, Codable {
  /// The tensor it is in.
  public var tensor: String
  /// Largest absolute difference.
  public var absolute: Double
  /// That, against the largest expected number.
  public var relative: Double
  /// The part of what is allowed that it takes up.
  public var share: Double
}

/// What a case came to.
public struct CaseReport: Sendable, Codable {
  /// Path below the folder that was verified.
  public var file: String
  /// The case's kind.
  public var kind: String
  /// Whether every result is close enough.
  public var passed: Bool
  /// The result that is farthest off, against its tolerance.
  public var worst: Deviation?
  /// Why the case failed.
  public var message: String?
}

/// Holds results against those of the case.
func compare(_ results: [String: StoredTensor], with golden: GoldenCase) -> (
  worst: Deviation?, faults: [String]
) {
  var faults: [String] = []
  var worst: (deviation: Deviation, share: Double)?
  let compared = ["output", "loss", "grad", "inputgrad"]
  for (name, expected) in golden.tensors.sorted(by: { $0.key < $1.key }) {
    let group = String(name.prefix { $0 != "." })
    guard compared.contains(group) else { continue }
    guard let result = results[name] else {
      faults.append("\(name): no result")
      continue
    }
    guard result.shape == expected.shape else {
      faults.append("\(name): shape \(result.shape), not \(expected.shape)")
      continue
    }
    let isInteger = ![.float32, .float64, .float16, .bfloat16].contains(expected.type)
    let rule = golden.tolerances[name] ?? (isInteger ? nil : golden.tolerances[group])
    let (x, w) = (result.tensor.values, expected.tensor.values)
    guard let rule else {
      if isInteger ? result.integers != expected.integers : x != w { faults.append("\(name): not equal") }
      continue
    }
    let (deviation, share) = rule.judge(x, w)
    if !(share <= 1) {
      faults.append("\(name): off by \(deviation.absolute) (relative \(deviation.relative))")
    }
    if worst.map({ !(share <= $0.share) }) ?? true {
      worst = (
        Deviation(tensor: name, absolute: deviation.absolute, relative: deviation.relative, share: share),
        share
      )
    }
  }
  for name in results.keys.sorted() where name.hasPrefix("grad.") && golden.tensors[name] == nil {
    // A weight that the reference gives no gradient to may have one of zeros, as PyTorch has none.
    if results[name]?.tensor.values.contains(where: { $0 != 0 }) == true {
      faults.append("\(name): a gradient where the reference has none")
    }
  }
  return (worst?.deviation, faults)
}

extension ToleranceRule {
  /// The deviation, and the share of what is allowed that it takes (NaN when a number is NaN).
  func judge(_ x: [Float], _ w: [Float]) -> (deviation: (absolute: Double, relative: Double), share: Double) {
    let differences = zip(x, w).map { $0 == $1 ? 0 : abs(Double($0) - Double($1)) }
    // NaN must not get lost in a maximum.
    func maximum(_ numbers: [Double]) -> Double { numbers.contains { $0.isNaN } ? .nan : numbers.max() ?? 0 }
    let largestExpected = maximum(w.map { abs(Double($0)) })
    let largestDifference = maximum(differences)
    let deviation = (
      absolute: largestDifference, relative: largestDifference == 0 ? 0 : largestDifference / largestExpected
    )
    func share(_ found: Double, of allowed: Double) -> Double {
      found.isNaN ? .nan : found == 0 ? 0 : found / allowed
    }
    var shares: [Double] = []
    if let mismatch {
      let count = differences.count { $0 != 0 }
      shares.append(share(Double(count) / Double(max(1, differences.count)), of: mismatch))
    }
    if let largest { shares.append(share(largestDifference, of: largest)) }
    if let mean {
      shares.append(share(differences.reduce(0, +) / Double(max(1, differences.count)), of: mean))
    }
    if relative != nil || absolute != nil {
      let (relative, absolute) = (relative ?? 0, absolute ?? 0)
      if isElementwise {
        shares.append(
          maximum(zip(differences, w).map { share($0, of: absolute + relative * abs(Double($1))) }))
      } else {
        shares.append(share(largestDifference, of: absolute + relative * largestExpected))
      }
    }
    return (deviation, shares.isEmpty ? .nan : maximum(shares))
  }
}
