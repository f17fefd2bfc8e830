import TestSupport
import Testing

import Tensors

@Suite("sampling at a grid")
struct GridSampleTests {
  /// A grid whose positions are whole pixels plus a fraction away from where the slope jumps.
  static func grid(_ shape: [Int], height: Int, width: Int, alignCorners: Bool, seed: Int = 3) -> Tensor {
    var generator = RandomGenerator(seed: 9, sample: seed, purpose: .dataOrder)
    let positions = (0..<shape.product).map { index in
      let size = index % 2 == 0 ? width : height
      // From beyond one edge to beyond the other.
      let pixel = Float(generator.integer(below: size + 3) - 2) + generator.uniform(0.15, 0.85)
      return alignCorners
        ? pixel / Float(max(1, size - 1)) * 2 - 1 : (pixel + 0.5) / Float(size) * 2 - 1
    }
    return Tensor(positions, shape: shape)
  }

  @Test("values: weighted pixels, zeros outside", arguments: [false, true], [1, 3, 37])
  func values(alignCorners: Bool, channels: Int) {
    let (height, width) = (7, 9)
    let x = Tensor.random([2, height, width, channels])
    let grid = Self.grid([2, 5, 8, 2], height: height, width: width, alignCorners: alignCorners)
    let y = gridSample(x, grid: grid, alignCorners: alignCorners)
    #expect(y.shape == [2, 5, 8, channels])
    let (pixels, positions) = (x.values, grid.values)
    func pixel(_ image: Int, _ row: Int, _ column: Int, _ c: Int) -> Double {
      guard 0..<height ~= row, 0..<width ~= column else { return 0 }
      return Double(pixels[((image * height + row) * width + column) * channels + c])
    }
    var worst = 0.0
    for sample in 0..<80 {
      func position(_ k: Int, _ size: Int) -> Double {
        let p = Double(positions[2 * sample + k])
        return alignCorners ? (p + 1) / 2 * Double(size - 1) : ((p + 1) * Double(size) - 1) / 2
      }
      let (u, v) = (position(0, width), position(1, height))
      let (left, top) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
      let (du, dv) = (u - Double(left), v - Double(top))
      for c in 0..<channels {
        let upper = (1 - du) * pixel(sample / 40, top, left, c) + du * pixel(sample / 40, top, left + 1, c)
        let lower =
          (1 - du) * pixel(sample / 40, top + 1, left, c) + du * pixel(sample / 40, top + 1, left + 1, c)
        let expected = (1 - dv) * upper + dv * lower
        worst = max(worst, abs(expected - Double(y.values[sample * channels + c])))
      }
    }
    #expect(worst < 2e-6)
  }

  @Test(
    "gradients, to the positions too",
    arguments: [
      ([1, 4, 5, 2], [1, 3, 3, 2]), ([2, 3, 7, 3], [2, 2, 5, 2]), ([1, 1, 1, 1], [1, 2, 2, 2]),
      ([1, 3, 4, 70], [1, 2, 3, 2]),
    ])
  func gradients(shape: [Int], gridShape: [Int]) {
    let x = Tensor.random(shape)
    for alignCorners in [false, true] {
      let grid = Self.grid(gridShape, height: shape[1], width: shape[2], alignCorners: alignCorners)
      #expect(
        gradientMismatches(at: [x, grid], step: 2e-3) {
          gridSample($0[0], grid: $0[1], alignCorners: alignCorners)
        } == [])
      #expect(
        gradientMismatches(at: [grid], step: 2e-3) {
          gridSample(x, grid: $0[0], alignCorners: alignCorners)
        } == [])
    }
  }

  @Test("pixels' centres give the pixels; the whole map gives itself")
  func identity() {
    let x = Tensor.random([1, 3, 5, 4])
    var positions: [Float] = []
    for row in 0..<3 {
      for column in 0..<5 {
        positions.append(Float(2 * column + 1) / 5 - 1)
        positions.append(Float(2 * row + 1) / 3 - 1)
      }
    }
    let y = gridSample(x, grid: Tensor(positions, shape: [1, 3, 5, 2]))
    #expect(zip(x.values, y.values).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test("far away and nowhere give 0", arguments: [1e30, -1e30, .infinity, .nan] as [Float])
  func outside(position: Float) {
    let leaves = [
      Tensor.ones([1, 2, 2, 3]).withGradient(),
      Tensor([position, 0, 0, position], shape: [1, 1, 2, 2]).withGradient(),
    ]
    let y = gridSample(leaves[0], grid: leaves[1])
    #expect(y.values.allSatisfy { $0 == 0 })
    y.sum().backward()
    #expect(leaves.allSatisfy { $0.gradient?.values.allSatisfy { $0 == 0 } == true })
  }

  @Test("no images, no positions, no pixels")
  func empty() {
    #expect(gridSample(.zeros([0, 2, 2, 3]), grid: .zeros([0, 4, 4, 2])).shape == [0, 4, 4, 3])
    let inputs = [Tensor.zeros([1, 2, 2, 3]), Tensor.zeros([1, 0, 4, 2])]
    #expect(gradientMismatches(at: inputs) { gridSample($0[0], grid: $0[1]) } == [])
    #expect(gridSample(.zeros([1, 0, 2, 3]), grid: .zeros([1, 1, 1, 2])).values == [0, 0, 0])
  }
}
