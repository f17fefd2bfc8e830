import Foundation

/// Outlines of letters: what drawing needs of a TrueType file (Apple, "TrueType Reference Manual": the tables head, maxp,
/// hhea, hmtx, loca and glyf, and cmap of format 4). What is missing or broken is an empty outline.
struct OutlineFont: Sendable {
  /// A closed line: points on it, and points that curves between them bend to.
  struct Contour: Sendable, Equatable {
    var points: [SIMD2<Float>] = []
    /// Whether the line goes through each point.
    var isOnLine: [Bool] = []
  }

  /// Units of its outlines in the size of a letter.
  let unitsPerEm: Float
  /// How far letters reach above the line that they stand on, and below it, in units.
  let ascent, descent: Float

  private let reader: BytesReader
  private let tables: [String: Int]
  private let hasLongPlaces: Bool
  private let glyphCount, advanceCount: Int
  /// The number of each letter's glyph.
  private let glyphs: [UInt32: Int]

  /// The letters that come along.
  static let usual: OutlineFont? = Data(
    base64Encoded: LetterOutlines.base64, options: .ignoreUnknownCharacters
  ).flatMap { OutlineFont([UInt8]($0)) }

  /// A font of a file's bytes; nil where they are none.
  init?(_ bytes: [UInt8]) {
    let reader = BytesReader(bytes)
    func number(_ count: Int, at place: Int) -> Int? { try? reader.number(count, at: place, bigEndian: true) }
    guard let count = number(2, at: 4), count < 100 else { return nil }
    var tables: [String: Int] = [:]
    for entry in 0..<count {
      let place = 12 + 16 * entry
      guard let start = number(4, at: place + 8), place + 4 <= bytes.count else { return nil }
      tables[String(decoding: bytes[place..<place + 4], as: UTF8.self)] = start
    }
    guard let head = tables["head"], let sizes = tables["maxp"], let metrics = tables["hhea"],
      tables["hmtx"] != nil, tables["loca"] != nil, tables["glyf"] != nil, let map = tables["cmap"],
      let units = number(2, at: head + 18), units > 0, let places = number(2, at: head + 50),
      let glyphCount = number(2, at: sizes + 4), let advanceCount = number(2, at: metrics + 34),
      advanceCount > 0, let above = number(2, at: metrics + 4), let below = number(2, at: metrics + 6)
    else { return nil }
    self.reader = reader
    unitsPerEm = Float(units)
    (ascent, descent) = (Float(Self.signed(above)), -Float(Self.signed(below)))
    (self.tables, self.glyphCount, self.advanceCount) = (tables, glyphCount, advanceCount)
    hasLongPlaces = places == 1
    glyphs = Self.letters(reader, map)
  }

  private static func signed(_ value: Int) -> Int { value >= 0x8000 ? value - 0x10000 : value }

  private func unsigned(_ place: Int) -> Int { (try? reader.number(2, at: place, bigEndian: true)) ?? 0 }
  private func signed(_ place: Int) -> Int { Self.signed(unsigned(place)) }
  private func byte(_ place: Int) -> Int { (try? reader.number(1, at: place, bigEndian: true)) ?? 0 }

  /// Which glyph is which letter's, of the first subtable of format 4.
  private static func letters(_ reader: BytesReader, _ map: Int) -> [UInt32: Int] {
    func number(_ place: Int, _ count: Int = 2) -> Int {
      (try? reader.number(count, at: place, bigEndian: true)) ?? 0
    }
    let subtables = (0..<min(32, number(map + 2))).map { map + number(map + 4 + 8 * $0 + 4, 4) }
    guard let table = subtables.first(where: { number($0) == 4 }) else { return [:] }
    let doubled = number(table + 6)
    var glyphs: [UInt32: Int] = [:]
    for segment in 0..<doubled / 2 {
      let end = number(table + 14 + 2 * segment)
      let starts = table + 16 + doubled + 2 * segment
      let (start, delta) = (number(starts), number(starts + doubled))
      let offset = number(starts + 2 * doubled)
      guard start <= end, end < 0xffff else { continue }
      for letter in start...end {
        var glyph = letter
        if offset > 0 {
          glyph = number(starts + 2 * doubled + offset + 2 * (letter - start))
          if glyph == 0 { continue }
        }
        glyphs[UInt32(letter)] = (glyph + delta) & 0xffff
      }
    }
    return glyphs
  }

  /// The glyph of a letter; nil where the font has none.
  func glyph(of letter: Unicode.Scalar) -> Int? { glyphs[letter.value] }

  /// How far the next letter stands from a glyph's start, in units.
  func advance(of glyph: Int) -> Float {
    Float(unsigned((tables["hmtx"] ?? 0) + 4 * min(glyph, advanceCount - 1)))
  }

  /// The outline of a glyph, in units from where it stands, upwards.
  func outline(of glyph: Int) -> [Contour] { outline(of: glyph, depth: 0) }

  private func outline(of glyph: Int, depth: Int) -> [Contour] {
    guard (0..<glyphCount).contains(glyph), depth < 6, let places = tables["loca"], let base = tables["glyf"]
    else { return [] }
    func start(_ glyph: Int) -> Int {
      hasLongPlaces
        ? (try? reader.number(4, at: places + 4 * glyph, bigEndian: true)) ?? 0
        : 2 * unsigned(places + 2 * glyph)
    }
    guard start(glyph + 1) > start(glyph) else { return [] }
    let place = base + start(glyph)
    let count = signed(place)
    return count >= 0 ? simple(count, at: place + 10) : composed(at: place + 10, depth: depth)
  }

  /// Contours of points that are told by their distances from each other.
  private func simple(_ count: Int, at start: Int) -> [Contour] {
    let ends = (0..<count).map { unsigned(start + 2 * $0) }
    guard let total = ends.last.map({ $0 + 1 }), ends == ends.sorted() else { return [] }
    var place = start + 2 * count
    place += 2 + unsigned(place)  // the hints
    var flags: [Int] = []
    while flags.count < total, place < reader.bytes.count {
      let flag = byte(place)
      place += 1
      flags.append(flag)
      if flag & 8 != 0 {
        flags += [Int](repeating: flag, count: min(byte(place), total - flags.count))
        place += 1
      }
    }
    guard flags.count == total else { return [] }
    func coordinates(short: Int, same: Int) -> [Float] {
      var value = 0
      return flags.map { flag in
        if flag & short != 0 {
          value += flag & same != 0 ? byte(place) : -byte(place)
          place += 1
        } else if flag & same == 0 {
          value += signed(place)
          place += 2
        }
        return Float(value)
      }
    }
    let x = coordinates(short: 2, same: 16)
    let y = coordinates(short: 4, same: 32)
    var first = 0
    return ends.map { end in
      defer { first = end + 1 }
      guard first <= end else { return Contour() }
      return Contour(
        points: (first...end).map { SIMD2(x[$0], y[$0]) }, isOnLine: (first...end).map { flags[$0] & 1 != 0 })
    }
  }

  /// A letter that is put together of others: `ä` of `a` and its dots.
  private func composed(at start: Int, depth: Int) -> [Contour] {
    var (place, contours, flags) = (start, [Contour](), 0x20)
    while flags & 0x20 != 0, contours.count < 1000, place < reader.bytes.count {
      flags = unsigned(place)
      let part = unsigned(place + 2)
      place += 4
      // The distances are bytes or words; numbers of points, which the other flag would say, are not used here.
      let shift: SIMD2<Float>
      if flags & 1 != 0 {
        shift = SIMD2(Float(signed(place)), Float(signed(place + 2)))
        place += 4
      } else {
        shift = SIMD2(
          Float(Int8(truncatingIfNeeded: byte(place))), Float(Int8(truncatingIfNeeded: byte(place + 1))))
        place += 2
      }
      func fraction() -> Float {
        defer { place += 2 }
        return Float(signed(place)) / 16384
      }
      var (xx, xy, yx, yy): (Float, Float, Float, Float) = (1, 0, 0, 1)
      if flags & 8 != 0 {
        xx = fraction()
        yy = xx
      } else if flags & 0x40 != 0 {
        (xx, yy) = (fraction(), fraction())
      } else if flags & 0x80 != 0 {
        (xx, xy, yx, yy) = (fraction(), fraction(), fraction(), fraction())
      }
      contours += outline(of: part, depth: depth + 1).map { contour in
        var moved = contour
        moved.points = contour.points.map { SIMD2(xx * $0.x + yx * $0.y, xy * $0.x + yy * $0.y) + shift }
        return moved
      }
    }
    return contours
  }
}
