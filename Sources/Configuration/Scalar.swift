/// How texts are read as numbers, truth values and null.
///
/// Numbers as in YAML 1.2 and, beyond it, `1e-3` without a point and `1_000` (both readings of them agree).
/// `017`, which is 15 to YAML 1.1 and 17 to 1.2, is refused. Truth values are true, false, yes, no, on, off.
enum Scalar {
  static let nulls: Set<String> = ["", "~", "null", "Null", "NULL"]

  struct Refusal: Error {
    var reason: String
    /// Whether YAML's versions read the text as different numbers.
    var isAmbiguous = false
  }

  static func truth(_ text: String) -> Bool? {
    switch text {
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": true
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": false
    default: nil
    }
  }

  static func integer<T: FixedWidthInteger>(_ text: String, as type: T.Type = Int.self) throws(Refusal) -> T {
    let digits = text.filter { $0 != "_" }
    let unsigned = digits.drop { $0 == "-" || $0 == "+" }
    guard digits.count - unsigned.count <= 1, let first = unsigned.first, first.isASCII, first.isNumber else {
      throw Refusal(reason: "is not a whole number")
    }
    let sign = digits.hasPrefix("-") ? "-" : ""
    func read(_ body: Substring, radix: Int) throws(Refusal) -> T {
      guard !body.isEmpty, body.allSatisfy({ $0.isHexDigit }) else {
        throw Refusal(reason: "is not a whole number")
      }
      guard let value = T(sign + body, radix: radix) else {
        throw Refusal(
          reason: body.allSatisfy { $0.hexDigitValue.map { $0 < radix } ?? false }
            ? "is beyond 64 bits" : "is not a whole number")
      }
      return value
    }
    if unsigned.hasPrefix("0x") { return try read(unsigned.dropFirst(2), radix: 16) }
    if unsigned.hasPrefix("0o") { return try read(unsigned.dropFirst(2), radix: 8) }
    if unsigned.hasPrefix("0b") { return try read(unsigned.dropFirst(2), radix: 2) }
    if unsigned.count > 1, first == "0", unsigned.allSatisfy({ $0.isNumber }) {
      throw Refusal(
        reason: "is octal to YAML 1.1 and decimal to 1.2: write it without leading zeros, or as 0o…",
        isAmbiguous: true)
    }
    return try read(unsigned, radix: 10)
  }

  static func number(_ text: String) throws(Refusal) -> Double {
    do { return Double(try integer(text, as: Int.self)) } catch  where error.isAmbiguous { throw error } catch
    {}
    let plain = text.filter { $0 != "_" }
    if ["inf", "nan"].contains(where: { plain.lowercased().hasSuffix($0) }) {
      throw Refusal(reason: "is not finite")
    }
    guard plain.allSatisfy({ $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }),
      let value = Double(plain.hasSuffix(".") ? plain + "0" : plain)
    else { throw Refusal(reason: "is not a number") }
    guard value.isFinite else { throw Refusal(reason: "is beyond the largest number") }
    return value
  }
}
