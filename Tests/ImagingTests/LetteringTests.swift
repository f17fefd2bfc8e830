import Imaging
import TestSupport
import Testing

@Suite("letters")
struct LetteringTests {
  private func drawn(_ text: String, size: Double = 40) -> Image {
    var letters = Lettering(size: size)
    var image = Image(height: letters.height, width: max(1, letters.width(of: text)), colour: [0, 0, 0])
    letters.draw(text, on: &image, left: 0, top: 0, colour: SIMD3(255, 255, 255))
    return image
  }

  /// The part of a picture that is covered.
  private func cover(_ image: Image) -> Double {
    Double(image.pixels.reduce(0) { $0 + Int($1) }) / Double(255 * max(1, image.pixels.count))
  }

  @Test(
    "of many languages have shapes of their own",
    arguments: ["äöüßÄ", "éèêçñ", "ąęłżźć", "őűřčšž", "жщюяЁ", "αβγδλΩ", "ếộữằđ", "ığşİ", "0.5%µ°²€№→≤"])
  func languages(text: String) {
    let box = drawn("\u{4E2D}")  // has no shape here
    let letters = text.map { drawn(String($0)) }
    for (index, letter) in letters.enumerated() {
      #expect(letter != box && cover(letter) > 0.01, "\(text)")
      #expect(!letters[..<index].contains(letter))
    }
  }

  @Test("with accents are one letter, however they are written; marks that join have no width")
  func accents() {
    #expect(drawn("e\u{301}a\u{308}") == drawn("éä"))
    #expect(drawn("a\u{200D}b\u{FE0F}") == drawn("ab"))
    #expect(drawn("a\nb") == drawn("a b"))
  }

  @Test("have their holes, smooth edges, and stand on a line")
  func shapes() {
    let o = drawn("o", size: 100)
    func value(_ row: Int, _ column: Int) -> UInt8 { o.pixels[3 * (row * o.width + column)] }
    let rows = (0..<o.height).filter { row in (0..<o.width).contains { value(row, $0) > 128 } }
    let middle = ((rows.first ?? 0) + (rows.last ?? 0)) / 2
    let line = (0..<o.width).map { value(middle, $0) > 128 }
    // Out, stroke, hole, stroke, out.
    #expect(line.indices.dropFirst().count { line[$0] != line[$0 - 1] } == 4)
    #expect(o.pixels.contains { (60...200).contains($0) })
    let lines = Lettering(size: 100)
    #expect(abs((rows.last ?? 0) - lines.baseline) <= 2 && lines.baseline < lines.height)
    // A capital is as high as the size says, about three quarters of it.
    let i = drawn("I", size: 100)
    let high = (0..<i.height).count { row in
      (0..<i.width).contains { i.pixels[3 * (row * i.width + $0)] > 128 }
    }
    #expect((70...76).contains(high))
  }

  @Test("stay within the image, wherever they are written", arguments: [-50, -3, 0, 15, 19, 1000])
  func within(place: Int) {
    var letters = Lettering(size: 14)
    var image = Image(height: 20, width: 20, colour: [7, 7, 7])
    letters.draw("Größe Wj", on: &image, left: place, top: place, colour: SIMD3(255, 0, 0))
    letters.draw("Größe Wj", on: &image, left: 0, top: -place, colour: SIMD3(255, 0, 0))
    #expect(image.size == ImageSize(height: 20, width: 20))
    #expect(place != 0 || image.pixels.contains { $0 > 200 })
  }

  @Test("are as wide as their text, and a line that is too long ends in dots")
  func widths() {
    let letters = Lettering(size: 20)
    #expect(letters.width(of: "") == 0 && letters.width(of: "ii") == 2 * letters.width(of: "i"))
    #expect(letters.width(of: "W") > letters.width(of: "i"))
    let short = letters.shortened("traffic light", toFit: 80)
    #expect(short.hasPrefix("traf") && short.hasSuffix("…") && letters.width(of: short) <= 80)
    #expect(letters.shortened("cat", toFit: 80) == "cat" && letters.shortened("cat", toFit: 3) == "")
    #expect(Lettering(size: 40).width(of: "cat") > 35 * letters.width(of: "cat") / 20)
    for size in [-.infinity, 0, .nan, 1e300] { #expect(Lettering(size: size).height > 0) }
  }
}

@Suite("colours of classes")
struct ClassPaletteTests {
  @Test("are light, and differ, those that are near in number most")
  func distinct() {
    let colours = Palette.distinct(80).colours
    #expect(Set(colours).count == 80)
    func distance(_ a: SIMD3<UInt8>, _ b: SIMD3<UInt8>) -> Int {
      (0..<3).reduce(0) { $0 + abs(Int(a[$1]) - Int(b[$1])) }
    }
    for (index, colour) in colours.enumerated() {
      let brightness = 299 * Int(colour.x) + 587 * Int(colour.y) + 114 * Int(colour.z)
      #expect(brightness > 100_000, "\(index): \(colour)")
      for other in colours[max(0, index - 7)..<index] { #expect(distance(colour, other) > 30, "\(index)") }
    }
    for (index, colour) in colours.prefix(12).enumerated() {
      for other in colours[..<index] { #expect(distance(colour, other) > 55, "\(index)") }
    }
    #expect(Set(Palette.distinct(400).colours.prefix(200)).count == 200)
    #expect(Palette.distinct(12).colours == Array(colours.prefix(12)) && Palette.distinct(-1).colours.isEmpty)
  }

  @Test("a label map with a palette has the same numbers, and shows the colours")
  func palette() throws {
    let palette = Palette([SIMD3(255, 0, 0), SIMD3(0, 255, 0), SIMD3(1, 2, 3)])
    for numbers in [[0, 1, 2, 0], [0, 1, 2, 255], [7, 0, 2, 1]] as [[Int32]] {
      let map = LabelMap(height: 2, width: 2, pixels: numbers)
      let bytes = try map.encodedPNG(palette: palette)
      #expect(try LabelMap.read(bytes, file: "x.png") == map)
      let shown = try Image.decode(bytes, file: "x.png")
      for (place, number) in numbers.enumerated() {
        let colour = palette.colours.indices.contains(Int(number)) ? palette[Int(number)] : SIMD3(0, 0, 0)
        #expect(Array(shown.pixels[3 * place..<3 * place + 3]) == [colour.z, colour.y, colour.x])
      }
    }
    let wide = LabelMap(height: 1, width: 2, pixels: [0, 300])
    #expect(try wide.encodedPNG(palette: palette) == wide.encodedPNG())
  }
}
