import TestSupport
import Testing

import Tensors

@Suite("pooling")
struct PoolingTests {
  /// Numbers that are all apart by more than the steps of the gradient check.
  func distinct(_ shape: [Int]) -> Tensor {
    var generator = RandomGenerator(seed: 5, purpose: .dataOrder)
    return Tensor(generator.permutation(shape.reduce(1, *)).map { Float($0) * 0.125 }, shape: shape)
  }

  @Test(
    "largest numbers",
    arguments: [
      ([2, 11, 8, 3], 3, 2, 1), ([2, 7, 9, 3], 1, 2, 0), ([2, 9, 6, 3], 2, 2, 0), ([1, 5, 6, 70], 3, 1, 1),
      ([0, 5, 5, 2], 2, 2, 0),
    ])
  func largest(shape: [Int], kernel: Int, stride: Int, padding: Int) {
    let x = distinct(shape)
    let y = maxPool2d(x, kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding))
    let values = x.values
    var expected: [Float] = []
    for b in 0..<shape[0] {
      for row in 0..<y.shape[1] {
        for column in 0..<y.shape[2] {
          for c in 0..<shape[3] {
            var most = -Float.infinity
            for iy in row * stride - padding..<row * stride - padding + kernel where iy >= 0 && iy < shape[1]
            {
              for ix in column * stride - padding..<column * stride - padding + kernel
              where ix >= 0 && ix < shape[2] {
                most = max(most, values[((b * shape[1] + iy) * shape[2] + ix) * shape[3] + c])
              }
            }
            expected.append(most)
          }
        }
      }
    }
    #expect(y.values == expected)
    #expect(
      gradientMismatches(at: [x]) {
        maxPool2d($0[0], kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding))
      } == [])
  }

  @Test("the first of equal numbers gets the gradient; NaN wins")
  func ties() throws {
    let x = Tensor([1, 2, 2, 2], shape: [1, 2, 2, 1]).withGradient()
    maxPool2d(x, kernel: (2, 2)).backward()
    #expect(try #require(x.gradient).values == [0, 1, 0, 0])
    let y = maxPool2d(Tensor([1, .nan, 3, 2], shape: [1, 2, 2, 1]), kernel: (2, 2))
    #expect(y.scalar.isNaN)
  }

  @Test("means over cells", arguments: [(1, 1), (2, 2), (3, 3), (6, 6), (5, 7), (20, 3)])
  func means(height: Int, width: Int) {
    let shape = [2, 13, 17, 70]
    let x = Tensor.random(shape, seed: 1)
    let values = x.values
    var expected: [Float] = []
    for b in 0..<2 {
      for row in 0..<height {
        for column in 0..<width {
          let rows = row * 13 / height..<((row + 1) * 13 + height - 1) / height
          let columns = column * 17 / width..<((column + 1) * 17 + width - 1) / width
          for c in 0..<70 {
            var sum = 0.0
            for i in rows { for j in columns { sum += Double(values[((b * 13 + i) * 17 + j) * 70 + c]) } }
            expected.append(Float(sum / Double(rows.count * columns.count)))
          }
        }
      }
    }
    let y = adaptiveAveragePool2d(x, height: height, width: width)
    #expect(y.shape == [2, height, width, 70])
    #expect(zip(y.values, expected).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(
      gradientMismatches(at: [x], samples: 12) {
        adaptiveAveragePool2d($0[0], height: height, width: width)
      } == [])
  }

  @Test(
    "means of windows; what lies outside of the image is 0 and counts",
    arguments: [
      ([2, 8, 7, 3], 2, 2, 0), ([2, 9, 7, 3], 3, 2, 1), ([1, 5, 6, 70], 3, 1, 1), ([1, 4, 4, 2], 1, 2, 0),
      ([0, 5, 5, 2], 2, 2, 0), ([1, 2, 2, 3], 3, 1, 0), ([2, 5, 5, 0], 2, 1, 1),
    ])
  func windowMeans(shape: [Int], kernel: Int, stride: Int, padding: Int) {
    let x = Tensor.random(shape)
    func pooled(_ x: Tensor) -> Tensor {
      averagePool2d(x, kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding))
    }
    let y = pooled(x)
    let extents = shape[1...2].map { max(0, $0 + 2 * padding - kernel + stride) / stride }
    #expect(y.shape == [shape[0], extents[0], extents[1], shape[3]])
    let border = (before: padding, after: padding)
    let padded = x.padded([(0, 0), border, border, (0, 0)])
    for row in 0..<extents[0] {
      for column in 0..<extents[1] {
        let window = padded.sliced(axis: 1, from: row * stride, to: row * stride + kernel)
          .sliced(axis: 2, from: column * stride, to: column * stride + kernel)
        let found = y.sliced(axis: 1, from: row, to: row + 1).sliced(axis: 2, from: column, to: column + 1)
        #expect(zip(found.values, window.mean(axes: [1, 2]).values).allSatisfy { abs($0 - $1) < 1e-6 })
      }
    }
    #expect(gradientMismatches(at: [x], of: { pooled($0[0]) }) == [])
  }

  @Test("kernels that are not square")
  func oblong() {
    let x = Tensor.random([2, 6, 9, 3])
    let y = averagePool2d(x, kernel: (2, 3))
    #expect(y.shape == [2, 3, 3, 3])
    let cells = x.reshaped([2, 3, 2, 3, 3, 3]).mean(axes: [2, 4])
    #expect(zip(y.values, cells.values).allSatisfy { abs($0 - $1) < 1e-6 })
  }
}
