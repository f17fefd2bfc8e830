import Tensors
import TestSupport
import Testing

@Suite("numbers as bytes, in a batch and in an update")
struct WholeTensorTests {
  @Test("bytes give the same bits back", arguments: [[], [0], [3], [2, 3]])
  func bytes(shape: [Int]) {
    let x = Tensor.random(shape)
    #expect(x.bytes.count == 4 * x.count)
    let y = Tensor(bytes: x.bytes, shape: shape)
    #expect(y.values.map(\.bitPattern) == x.values.map(\.bitPattern) && y.shape == shape)
    #expect(Tensor(bytes: [0, 0, 128, 63], shape: [1]).values == [1])
  }

  @Test("photographs lie in the upper left corners, the rest is padding")
  func batch() {
    let table = (0..<3).flatMap { channel in (0..<256).map { Float($0) + Float(channel) / 4 } }
    let photographs = [
      BytePixels([1, 2, 3, 4, 5, 6], height: 1, width: 2), BytePixels([7, 8, 9], height: 1, width: 1),
    ]
    let plain = Tensor.batch(photographs, height: 1, width: 2, table: table, order: [0, 1, 2], padding: -1)
    #expect(plain.shape == [2, 1, 2, 3])
    #expect(plain.values == [1, 2.25, 3.5, 4, 5.25, 6.5, 7, 8.25, 9.5, -1, -1, -1])
    let turned = Tensor.batch(photographs, height: 1, width: 2, table: table, order: [2, 1, 0], padding: 0)
    #expect(turned.values.prefix(3) == [3, 2.25, 1.5])
    #expect(Tensor.batch([], height: 2, width: 2, table: table, order: [0, 1, 2], padding: 0).count == 0)
  }

  @Test("what is scaled in place is not scaled for others that hold the numbers")
  func scale() {
    let x = Tensor([1, 2, 3], shape: [3])
    var y = x
    #expect(y.sharesNumbers(with: x))
    y.scale(by: 2)
    #expect(x.values == [1, 2, 3] && y.values == [2, 4, 6] && !y.sharesNumbers(with: x))
    #expect(y.sumOfSquares == 56)
  }
}
