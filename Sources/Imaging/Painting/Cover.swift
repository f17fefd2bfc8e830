import CKernels
import COpenCV

/// How much of each pixel a shape covers, 0 ... 255, in a window of a scene.
package struct Cover: Sendable {
  /// The scene's column and row of the window's upper left corner; it may lie outside the scene.
  package var x: Int
  package var y: Int
  package let height: Int
  package let width: Int
  /// `[height, width]`.
  package private(set) var values: [UInt8]

  /// A window that nothing covers.
  package init(x: Int, y: Int, height: Int, width: Int) {
    precondition(height > 0 && width > 0, "a window of \(height) x \(width) pixels")
    (self.x, self.y, self.height, self.width) = (x, y, height, width)
    values = [UInt8](repeating: 0, count: height * width)
  }

  /// The smallest window around polygons, with a margin, and the polygons in it.
  package init(around polygons: [[SIMD2<Float>]], margin: Int = 2) {
    let points = polygons.joined()
    let low = points.reduce(SIMD2(repeating: .greatestFiniteMagnitude)) { pointwiseMin($0, $1) }
    let high = points.reduce(SIMD2(repeating: -.greatestFiniteMagnitude)) { pointwiseMax($0, $1) }
    precondition(!points.isEmpty && high.max() < 1e6 && low.min() > -1e6, "polygons from \(low) to \(high)")
    let x = Int(low.x.rounded(.down)) - margin
    let y = Int(low.y.rounded(.down)) - margin
    self.init(
      x: x, y: y, height: Int(high.y.rounded(.up)) + margin + 1 - y,
      width: Int(high.x.rounded(.up)) + margin + 1 - x)
    fill(polygons)
  }

  /// What lies at or below `profile`, the row of the edge for each column, in a scene of so many rows.
  package init(below profile: [Float], height: Int) {
    self.init(x: 0, y: 0, height: height, width: profile.count)
    dp_cover_below(&values, Int64(height), Int64(width), profile)
  }

  /// Fills polygons, given in pixels of the scene, with smooth edges.
  package mutating func fill(_ polygons: [[SIMD2<Float>]]) {
    let origin = SIMD2(Float(x), Float(y))
    let points = polygons.joined().flatMap { [$0.x - origin.x, $0.y - origin.y] }
    let corners = polygons.map { Int32($0.count) }
    values.change(height: height, width: width, channels: 1) {
      dp_fill_polygons($0, points, corners, Int32(corners.count), $1)
    }
  }

  /// The part of this shape that lies within another one of the same window.
  package func clipped(to other: Cover) -> Cover {
    precondition(
      height == other.height && width == other.width,
      "a window of \(height) x \(width) and one of \(other.height) x \(other.width)")
    var result = self
    dp_cover_multiply(&result.values, other.values, Int64(values.count))
    return result
  }

  /// The shape with edges softened by a Gaussian of `sigma` pixels.
  package func blurred(sigma: Double) -> Cover {
    var result = self
    result.values = Raster(height: height, width: width, channels: 1, elements: values)
      .mapped(height: height, width: width) { dp_blur($0, $1, sigma, $2) }
    return result
  }

  /// Light and shadow of a rounded body of this outline, as factors of its colour: `[height, width]`.
  ///
  /// - Parameters:
  ///   - depth: How far from the edge the body is round, in pixels.
  ///   - strength: The contrast between the sides towards and away from the light.
  ///   - rim: Brightness at the very edge.
  package func relief(depth: Float, strength: Float, rim: Float) -> [Float] {
    let soft = blurred(sigma: Double(max(0.6, depth)))
    return [Float](unsafeUninitializedCapacity: values.count) { buffer, count in
      dp_shape_relief(
        soft.values, Int64(height), Int64(width), Int64(max(1, depth.rounded())), strength, rim,
        buffer.baseAddress)
      count = height * width
    }
  }

  /// Pixels that the shape covers by half or more.
  package var area: Int { commonArea(with: self) }

  /// Pixels that both shapes cover by half or more.
  package func commonArea(with other: Cover) -> Int {
    withShape { mine in other.withShape { Int(dp_cover_common(mine, $0)) } }
  }

  func withShape<Result>(_ body: (dp_shape) -> Result) -> Result {
    values.withUnsafeBufferPointer {
      body(
        dp_shape(
          cover: $0.baseAddress, x: Int64(x), y: Int64(y), height: Int64(height), width: Int64(width)))
    }
  }
}
