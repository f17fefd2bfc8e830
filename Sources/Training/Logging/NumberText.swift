import Foundation

/// A number with so many digits behind the point, whatever the locale.
func decimal(_ value: Double, _ digits: Int) -> String {
  value.isNaN ? "nan" : String(format: "%.\(digits)f", value)
}

/// `1.0000e-03`
func scientific(_ value: Double) -> String { String(format: "%.4e", value) }

/// `0:10:00`, `1 day, 2:03:04`
func duration(seconds: Double) -> String {
  guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "unknown" }
  let whole = Int(seconds)
  let (days, rest) = whole.quotientAndRemainder(dividingBy: 86_400)
  func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
  let clock = "\(rest / 3600):\(two(rest / 60 % 60)):\(two(rest % 60))"
  return days == 0 ? clock : "\(days) day\(days == 1 ? "" : "s"), \(clock)"
}

/// `1,234,567`
func grouped(_ number: Int) -> String {
  let digits = Array("\(number)")
  return String(
    digits.enumerated().flatMap { index, digit in
      index > 0 && (digits.count - index) % 3 == 0 && digits[index - 1] != "-" ? [",", digit] : [digit]
    })
}

/// Names on a line, cut short where there are many.
func listed(_ names: [String], limit: Int = 12) -> String {
  names.prefix(limit).joined(separator: ", ") + (names.count > limit ? ", …" : "")
}
