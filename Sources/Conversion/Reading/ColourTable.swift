import Data
import Files
import Imaging

/// Which colour of a map is which class, from a text file: red, green, blue (or `#rrggbb`) and a name a line, in any
/// order, as CamVid, CVAT and tables of programs have them.
struct ColourTable: Sendable {
  /// The classes, in the file's order.
  let classes: [String]
  /// The place of a colour's class; 0xRRGGBB.
  let places: [UInt32: Int32]

  /// - Throws: `DataError` with the line for one that is none, a colour or name that stands there twice.
  init(file: String) throws {
    var classes: [String] = []
    var places: [UInt32: Int32] = [:]
    for (number, line) in try lines(ofFile: file).enumerated() {
      guard let (colour, name) = Self.entry(line) else {
        // CVAT's and CSV's first lines tell the columns.
        if number == 0 || (line.hasPrefix("#") && line.contains(" ")) { continue }
        throw DataError(
          file: file, "line \(number + 1): three numbers 0 ... 255 and a name are wanted: \(line)")
      }
      guard !classes.contains(name) else {
        throw DataError(file: file, "line \(number + 1): the class \(name) stands there twice")
      }
      guard places.updateValue(Int32(classes.count), forKey: colour) == nil else {
        throw DataError(file: file, "line \(number + 1): the colour of \(name) is that of another class")
      }
      classes.append(name)
    }
    guard !classes.isEmpty else { throw DataError(file: file, "names no colour") }
    (self.classes, self.places) = (classes, places)
  }

  private static func entry(_ line: String) -> (colour: UInt32, name: String)? {
    let words = line.split { ",;:\t ".contains($0) }.map { String($0.trimming { "\"'[]()".contains($0) }) }
    func name(_ rest: [String]) -> String? {
      let text = rest.filter { !$0.isEmpty }.joined(separator: " ")
      return text.isEmpty ? nil : text
    }
    if let place = words.firstIndex(where: { $0.hasPrefix("#") && $0.count == 7 }),
      let colour = UInt32(words[place].dropFirst(), radix: 16)
    {
      return name(Array(words[..<place]) + words[(place + 1)...]).map { (colour, $0) }
    }
    guard words.count > 3 else { return nil }
    for place in 0...words.count - 3 {
      let numbers = words[place..<place + 3].compactMap { UInt8($0) }
      guard numbers.count == 3 else { continue }
      let colour = numbers.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return name(Array(words[..<place]) + words[(place + 3)...]).map { (colour, $0) }
    }
    return nil
  }
}
