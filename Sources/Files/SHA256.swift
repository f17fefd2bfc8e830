import Foundation

/// The Secure Hash Algorithm with 256 bits (FIPS 180-4): tells whether two files hold the same.
public struct SHA256 {
  private static let constants: [UInt32] = (0..<64).map { fraction(ofRoot: 1.0 / 3, of: primes[$0]) }
  private static let primes: [UInt64] = {
    var found: [UInt64] = []
    var number: UInt64 = 2
    while found.count < 64 {
      if found.allSatisfy({ number % $0 != 0 }) { found.append(number) }
      number += 1
    }
    return found
  }()

  /// The first 32 bits behind the point of a square or cube root.
  private static func fraction(ofRoot power: Double, of prime: UInt64) -> UInt32 {
    // The largest r with r^n <= prime * 2^(32 n): found from a first guess, in whole numbers of 128 bits.
    let degree = power == 0.5 ? 2 : 3
    func fits(_ root: UInt64) -> Bool {
      var value = UInt128(root)
      for _ in 1..<degree { value *= UInt128(root) }
      return value <= UInt128(prime) << (32 * UInt128(degree))
    }
    var root = UInt64(pow(Double(prime), power) * 4_294_967_296)
    while !fits(root) { root -= 1 }
    while fits(root + 1) { root += 1 }
    return UInt32(truncatingIfNeeded: root)
  }

  private var state: [UInt32] = (0..<8).map { fraction(ofRoot: 0.5, of: primes[$0]) }
  private var pending: [UInt8] = []
  private var count: UInt64 = 0

  /// Nothing hashed yet.
  public init() {}

  /// Takes in more bytes.
  public mutating func update(_ bytes: some Collection<UInt8>) {
    count += UInt64(bytes.count)
    pending += bytes
    let whole = pending.count / 64 * 64
    var words = [UInt32](repeating: 0, count: 64)
    for start in stride(from: 0, to: whole, by: 64) { absorb(start, &words) }
    pending.removeFirst(whole)
  }

  /// The hash as 64 hexadecimal digits.
  public func finished() -> String {
    var rest = self
    let padding = (119 - Int(count % 64)) % 64 + 1
    let length = (count * 8).bigEndian
    rest.update(
      [0x80] + [UInt8](repeating: 0, count: padding - 1) + withUnsafeBytes(of: length) { [UInt8]($0) })
    return rest.state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// The hash of a file, read in pieces.
  ///
  /// - Throws: An error with the system's reason.
  public static func digest(ofFile path: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    var hash = SHA256()
    while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(piece) }
    return hash.finished()
  }

  private mutating func absorb(_ start: Int, _ words: inout [UInt32]) {
    func rotated(_ word: UInt32, _ bits: UInt32) -> UInt32 { word >> bits | word << (32 - bits) }
    for index in 0..<16 {
      words[index] = (0..<4).reduce(0) { $0 << 8 | UInt32(pending[start + 4 * index + $1]) }
    }
    for index in 16..<64 {
      let (a, b) = (words[index - 15], words[index - 2])
      let low = rotated(a, 7) ^ rotated(a, 18) ^ a >> 3
      let high = rotated(b, 17) ^ rotated(b, 19) ^ b >> 10
      words[index] = words[index - 16] &+ low &+ words[index - 7] &+ high
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let high = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
      let first = h &+ high &+ (e & f ^ ~e & g) &+ Self.constants[index] &+ words[index]
      let low = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
      let second = low &+ (a & b ^ a & c ^ b & c)
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
    }
    let changed = [a, b, c, d, e, f, g, h]
    for index in 0..<8 { state[index] &+= changed[index] }
  }
}
