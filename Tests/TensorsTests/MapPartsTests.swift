import TestSupport
import Testing

import Tensors

@Suite("parts of maps")
struct MapPartsTests {
  @Test("a part is added where it belongs")
  func adds() {
    var sum = Tensor.ones([1, 4, 5, 2])
    let other = sum
    sum.add(Tensor((0..<8).map(Float.init), shape: [1, 2, 2, 2]), row: 1, column: 3)
    #expect(
      sum.sliced(axis: 1, from: 1, to: 3).sliced(axis: 2, from: 3, to: 5).values == (1...8).map(Float.init))
    #expect(sum.values.reduce(0, +) == 40 + 28 && other.values.allSatisfy { $0 == 1 })
  }

  @Test("mirrored twice is as it was")
  func mirrors() {
    let x = Tensor((0..<12).map(Float.init), shape: [1, 2, 3, 2])
    #expect(
      x.mirrored(horizontally: true, vertically: false).values == [4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7])
    #expect(
      x.mirrored(horizontally: false, vertically: true).values == [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5])
    let both = x.mirrored(horizontally: true, vertically: true)
    #expect(both.mirrored(horizontally: true, vertically: true).values == x.values)
  }

  @Test("maps joined at one size have the bits of maps resized and joined", arguments: [false, true])
  func joins(alignCorners: Bool) {
    let maps = [
      Tensor.random([2, 13, 17, 5]), .random([2, 7, 9, 3], seed: 1), .random([2, 1, 2, 8], seed: 2),
    ]
    let joined = joinedChannels(of: maps, height: 13, width: 17, alignCorners: alignCorners)
    let expected = concatenated(
      maps.map { $0.resizedBilinear(height: 13, width: 17, alignCorners: alignCorners) }, axis: 3)
    #expect(joined.shape == expected.shape && joined.values == expected.values)
    let strip = joinedChannels(of: maps, height: 13, width: 17, alignCorners: alignCorners, rows: 4..<9)
    #expect(strip.values == expected.sliced(axis: 1, from: 4, to: 9).values)
  }

  @Test("memory is worked out from shapes: what is live at once")
  func memory() {
    let peak = Computation.peakMemory {
      var x = Tensor.zeros([1, 64, 64, 64])
      for _ in 0..<5 { x = x + 1 }
    }
    let map = 4 * 64 * 64 * 64
    #expect(peak >= 2 * map && peak < 3 * map)
    #expect(Computation.peakMemory { _ = Tensor.zeros([1 << 20, 1 << 20, 1 << 10]) } > 1 << 49)
  }
}
