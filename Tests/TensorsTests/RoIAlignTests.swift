import TestSupport
import Testing

import Tensors

@Suite("RoIAlign")
struct RoIAlignTests {
  static let boxes: [[Float]] = [
    [3, 4, 30, 25], [0, 0, 60, 40], [-20, -9, 12, 70], [10.3, 7.7, 11.1, 8.2], [55, 35, 90, 80],
    [200, 200, 300, 300], [8, 8, 8, 8], [20, 20, 10, 12],
  ]

  /// The definition, sample by sample.
  func expected(
    _ features: Tensor, _ box: [Float], image: Int, size: (Int, Int), scale: Float, ratio: Int
  ) -> [Float] {
    let (height, width, channels) = (features.shape[1], features.shape[2], features.shape[3])
    let values = features.values
    func bilinear(_ y: Double, _ x: Double, _ c: Int) -> Double {
      guard y >= -1, y <= Double(height), x >= -1, x <= Double(width) else { return 0 }
      let (y, x) = (min(max(y, 0), Double(height - 1)), min(max(x, 0), Double(width - 1)))
      let (top, left) = (Int(y), Int(x))
      let (bottom, right) = (min(top + 1, height - 1), min(left + 1, width - 1))
      func at(_ i: Int, _ j: Int) -> Double {
        Double(values[((image * height + i) * width + j) * channels + c])
      }
      let (fy, fx) = (y - Double(top), x - Double(left))
      return (1 - fy) * ((1 - fx) * at(top, left) + fx * at(top, right))
        + fy * ((1 - fx) * at(bottom, left) + fx * at(bottom, right))
    }
    let corner = box.map { Double($0 * scale - 0.5) }
    let bin = ((corner[3] - corner[1]) / Double(size.0), (corner[2] - corner[0]) / Double(size.1))
    let samples = (
      ratio > 0 ? ratio : max(0, Int(bin.0.rounded(.up))), ratio > 0 ? ratio : max(0, Int(bin.1.rounded(.up)))
    )
    var y: [Float] = []
    for i in 0..<size.0 {
      for j in 0..<size.1 {
        for c in 0..<channels {
          var sum = 0.0
          for sy in 0..<samples.0 {
            for sx in 0..<samples.1 {
              sum += bilinear(
                corner[1] + (Double(i) + (Double(sy) + 0.5) / Double(samples.0)) * bin.0,
                corner[0] + (Double(j) + (Double(sx) + 0.5) / Double(samples.1)) * bin.1, c)
            }
          }
          y.append(Float(sum / Double(max(1, samples.0 * samples.1))))
        }
      }
    }
    return y
  }

  @Test(
    "the definition, and gradients",
    arguments: [(7, 7, Float(0.25), 0), (7, 7, 0.25, 2), (3, 5, 1, 0), (14, 14, 0.125, 0), (1, 2, 0.5, 3)])
  func definition(height: Int, width: Int, scale: Float, ratio: Int) {
    let features = Tensor.random([2, 10, 15, 70], seed: 1)
    let images = Self.boxes.indices.map { $0 % 2 }
    func align(_ features: Tensor) -> Tensor {
      roiAlign(
        features, boxes: Self.boxes.flatMap { $0 }, batchIndices: images, outputSize: (height, width),
        spatialScale: scale, samplingRatio: ratio)
    }
    let y = align(features)
    #expect(y.shape == [Self.boxes.count, height, width, 70])
    let all = zip(Self.boxes, images).flatMap {
      expected(features, $0, image: $1, size: (height, width), scale: scale, ratio: ratio)
    }
    #expect(zip(y.values, all).allSatisfy { abs($0 - $1) <= 2e-5 })
    #expect(gradientMismatches(at: [features], samples: 12) { align($0[0]) } == [])
  }

  @Test("no regions")
  func empty() throws {
    let features = Tensor.random([1, 4, 4, 3]).withGradient()
    let y = roiAlign(features, boxes: [], batchIndices: [], outputSize: (7, 7), spatialScale: 1)
    #expect(y.shape == [0, 7, 7, 3])
    y.backward(from: Tensor.zeros(y.shape))
    #expect(try #require(features.gradient).values.allSatisfy { $0 == 0 })
  }

  @Test(
    "boxes without sense give numbers and come to an end", arguments: [Float.nan, .infinity, 1e30, -1e30])
  func senseless(coordinate: Float) {
    let features = Tensor.random([1, 4, 4, 3])
    let y = roiAlign(
      features, boxes: [0, 0, coordinate, coordinate], batchIndices: [0], outputSize: (2, 2), spatialScale: 1)
    #expect(y.values.allSatisfy { $0.isFinite })
  }
}
