import Foundation
import Imaging
import TestSupport
import Testing

import Reporting
import Training

@Suite("event files")
struct EventFileTests {
  @Test(
    "have checksums of Castagnoli's polynomial",
    arguments: [("", 0), ("123456789", 0xE306_9283), ("a", 0xC1D0_4330)] as [(String, UInt32)])
  func checksum(text: String, expected: UInt32) {
    #expect(CRC32C.checksum(text.utf8) == expected)
  }

  @Test("turn and move the checksum of a record")
  func masked() {
    let zeros = [UInt8](repeating: 0, count: 32)
    let plain: UInt32 = 0x8A91_36AA
    #expect(CRC32C.checksum(zeros) == plain)
    #expect(CRC32C.masked(zeros) == (plain >> 15 | plain << 17) &+ 0xA282_EAD8)
  }

  /// The messages of a file whose lengths and checksums hold.
  private func messages(of bytes: [UInt8]) throws -> [[UInt8]] {
    func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    var rest = bytes[...]
    var result: [[UInt8]] = []
    while !rest.isEmpty {
      try #require(rest.count >= 16)
      let length = Int(number(rest.prefix(8)))
      try #require(rest.count >= 16 + length)
      #expect(number(rest.dropFirst(8).prefix(4)) == UInt64(CRC32C.masked(rest.prefix(8))))
      let message = rest.dropFirst(12).prefix(length)
      #expect(number(rest.dropFirst(12 + length).prefix(4)) == UInt64(CRC32C.masked(message)))
      result.append(Array(message))
      rest = rest.dropFirst(16 + length)
    }
    return result
  }

  @Test("hold figures, pictures and texts as tensorflow.Event has them")
  func records() throws {
    let folder = try TemporaryFolder()
    let file = try EventFile(in: folder.path, now: { 2 })
    var scalars = Scalars(.training, step: 300)
    scalars.add("lr", 0.5)
    scalars.add("bad", .nan)
    scalars.add("n", 3)
    try file.write(scalars)
    try file.write(text: "a: 1\nb: 2", name: "config")
    let name = try #require(folder.names().first)
    #expect(folder.names().count == 1 && name == "events.out.tfevents.2.dense")
    let read = try messages(of: [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))))
    let time: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40]
    try #require(read.count == 3)
    #expect(read[0] == time + [0x1A, 13] + Array("brain.Event:2".utf8))
    let rate: [UInt8] = [0x0A, 9, 0x0A, 2] + Array("lr".utf8) + [0x15, 0, 0, 0, 0x3F]
    let count: [UInt8] = [0x0A, 8, 0x0A, 1] + Array("n".utf8) + [0x15, 0, 0, 0x40, 0x40]
    #expect(read[1] == time + [0x10, 0xAC, 0x02, 0x2A, 21] + rate + count)
    let text = "    a: 1\n    b: 2"
    #expect(read[2].suffix(text.utf8.count) == ArraySlice(text.utf8))
  }
}
