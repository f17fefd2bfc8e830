import CKernels
import COpenCV

/// A pattern over a whole scene, about 0 ... 1, `[height, width]`.
package struct NoisePlane: Sendable {
  package let height: Int
  package let width: Int
  package private(set) var values: [Float]

  /// Value noise of several octaves (fractional Brownian motion): each has half the cells and half the weight of the
  /// one before; cells are `cell` pixels at first, `stretch` times wider than high.
  package init(
    height: Int, width: Int, cell: Float, octaves: Int, stretch: Float = 1,
    using random: inout some RandomNumberGenerator
  ) {
    (self.height, self.width) = (height, width)
    values = [Float](repeating: 0, count: height * width)
    let total = 2 - 2 * Self.power(octaves)
    for octave in 0..<octaves {
      let weight = Self.power(octave)
      let rows = max(2, Int(Float(height) / (cell * weight)) + 1)
      let columns = max(2, Int(Float(width) / (cell * stretch * weight)) + 1)
      let lattice = (0..<rows * columns).map { _ in Float(random.next() >> 40) * 0x1p-24 }
      let enlarged = Raster(height: rows, width: columns, channels: 1, elements: lattice)
        .mapped(height: height, width: width) { dp_enlarge($0, $1, $2) }
      dp_plane_add(&values, enlarged, weight / total, Int64(values.count))
    }
  }

  /// Rays of light that fall from (x, y), above the scene: noise over the tangent of the angle.
  package init(
    raysFrom x: Float, _ y: Float, height: Int, width: Int, using random: inout some RandomNumberGenerator
  ) {
    (self.height, self.width) = (height, width)
    let line = NoisePlane(height: 2, width: 256, cell: 24, octaves: 3, using: &random)
    let table = line.values.prefix(256).map { max(0, $0 - 0.45) * 2 }
    let reach = (abs(x) + Float(width)) / max(1, -y)
    values = [Float](unsafeUninitializedCapacity: height * width) { buffer, count in
      dp_plane_rays(
        buffer.baseAddress, Int64(height), Int64(width), table, Int64(table.count), x, y, reach)
      count = height * width
    }
  }

  /// Bright thin lines where the pattern passes its middle: light that waves focus on the ground, or folds.
  package func ridges(sharpness: Float) -> NoisePlane {
    var result = self
    dp_plane_ridges(&result.values, sharpness, Int64(values.count))
    return result
  }

  private static func power(_ octave: Int) -> Float { 1 / Float(1 << octave) }
}
