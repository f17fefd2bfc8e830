import CKernels
import Foundation

/// A filter of Pillow: its weight at a distance, in pixels of the smaller of both pictures.
public enum PillowFilter: String, Sendable, CaseIterable, Codable {
  /// The pixel in which the middle of the output pixel lies.
  case nearest
  /// One within half a pixel.
  case box
  /// The triangle.
  case bilinear
  /// The cubic with a = -0.5.
  case bicubic
  /// Hamming's window over one pixel.
  case hamming
  /// Lanczos' window over three pixels.
  case lanczos

  /// Beyond it all weights are 0.
  fileprivate var support: Double {
    switch self {
    case .nearest, .box: 0.5
    case .bilinear, .hamming: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The weight at a distance.
  fileprivate func weight(_ distance: Double) -> Double {
    func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
    let x = abs(distance)
    switch self {
    // The lower end is left out: no input counts twice.
    case .nearest, .box: return distance > -0.5 && distance <= 0.5 ? 1 : 0
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    case .hamming: return x < 1 ? sinc(x) * (0.54 + 0.46 * cos(x * .pi)) : 0
    case .lanczos: return distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0
    }
  }
}

/// Which inputs an output pixel along one axis is made of, in fixed point.
private struct ResamplingWeights {
  private(set) var starts: [Int32] = []
  private(set) var counts: [Int32] = []
  /// `[target, taps]`.
  private(set) var weights: [Int32]
  let taps: Int

  init(from count: Int, to target: Int, _ filter: PillowFilter) {
    let scale = Double(count) / Double(target)
    let stretch = max(scale, 1)
    let support = filter.support * stretch
    taps = Int(support.rounded(.up)) * 2 + 1
    weights = [Int32](repeating: 0, count: target * taps)
    var line = [Double](repeating: 0, count: taps)
    for index in 0..<target {
      let centre = (Double(index) + 0.5) * scale
      let start = max(0, Int(centre - support + 0.5))
      let length = min(taps, min(count, Int(centre + support + 0.5)) - start)
      var sum = 0.0
      for tap in 0..<length {
        line[tap] = filter.weight((Double(tap + start) - centre + 0.5) * (1 / stretch))
        sum += line[tap]
      }
      for tap in 0..<length {
        let share = sum == 0 ? line[tap] : line[tap] / sum
        let fixed = share * 4_194_304
        weights[index * taps + tap] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
      }
      starts.append(Int32(start))
      counts.append(Int32(length))
    }
  }
}

extension Image {
  /// Resampled to another size as Pillow's `Image.resize` does it: rows first, then columns, each only if it changes,
  /// rounded to bytes in between.
  func resized(height: Int, width: Int, pillow filter: PillowFilter) -> Image {
    precondition(height > 0 && width > 0, "a result of \(height) x \(width) pixels")
    precondition(self.height > 0 && self.width > 0, "\(self.size) pixels have no contents")
    guard filter != .nearest else { return nearest(height: height, width: width) }
    var result = self
    if width != self.width {
      let axis = ResamplingWeights(from: self.width, to: width, filter)
      let count = self.height * width * channels
      let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
        if let base = target.baseAddress {
          dp_resample_rows(
            result.pixels, Int64(self.height), Int64(self.width), Int64(channels), axis.starts, axis.counts,
            axis.weights, Int64(axis.taps), Int64(width), base)
        }
        initialized = count
      }
      result = Image(height: self.height, width: width, channels: channels, pixels: pixels)
    }
    if height != self.height {
      let axis = ResamplingWeights(from: self.height, to: height, filter)
      let count = height * width * channels
      let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
        if let base = target.baseAddress {
          dp_resample_columns(
            result.pixels, Int64(width * channels), axis.starts, axis.counts, axis.weights, Int64(axis.taps),
            Int64(height), base)
        }
        initialized = count
      }
      result = Image(height: height, width: width, channels: channels, pixels: pixels)
    }
    return result
  }

  private func nearest(height: Int, width: Int) -> Image {
    // Pillow adds up the steps, and so are the same pixels chosen here.
    func places(_ count: Int, _ target: Int) -> [Int] {
      let step = Double(count) / Double(target)
      var place = step * 0.5
      return (0..<target).map { _ in
        defer { place += step }
        return min(count - 1, Int(place))
      }
    }
    let columns = places(self.width, width)
    var result: [UInt8] = []
    result.reserveCapacity(height * width * channels)
    for row in places(self.height, height) {
      for column in columns {
        let start = (row * self.width + column) * channels
        result.append(contentsOf: pixels[start..<start + channels])
      }
    }
    return Image(height: height, width: width, channels: channels, pixels: result)
  }
}
