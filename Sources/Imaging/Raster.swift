import COpenCV

/// Rectangular operations that photographs and label maps share: dense rows of elements, channels last.
struct Raster<Element> {
  let height, width, channels: Int
  let elements: [Element]

  private var rowLength: Int { width * channels }

  /// The window whose upper left corner is (top, left).
  func cropped(top: Int, left: Int, height: Int, width: Int) -> [Element] {
    precondition(
      top >= 0 && left >= 0 && height >= 0 && width >= 0 && top + height <= self.height
        && left + width <= self.width,
      "window \(height) x \(width) at row \(top), column \(left) is not within \(self.height) x \(self.width)"
    )
    var result: [Element] = []
    result.reserveCapacity(height * width * channels)
    for row in top..<top + height {
      let start = row * rowLength + left * channels
      result.append(contentsOf: elements[start..<start + width * channels])
    }
    return result
  }
}

/// Element types that the OpenCV bridge knows.
protocol RasterSample {
  static var kind: Int32 { get }
}

extension UInt8: RasterSample {
  static var kind: Int32 { Int32(DP_UINT8) }
}

extension UInt16: RasterSample {
  static var kind: Int32 { Int32(DP_UINT16) }
}

extension Int32: RasterSample {
  static var kind: Int32 { Int32(DP_INT32) }
}

extension Float: RasterSample {
  static var kind: Int32 { Int32(DP_FLOAT32) }
}

extension Array where Element: RasterSample {
  /// Changes the picture that these elements are, by a function of the bridge.
  ///
  /// OpenCV refuses only what the callers' preconditions exclude, or runs out of memory.
  mutating func change(
    height: Int, width: Int, channels: Int, _ call: (_ picture: dp_raster, _ message: dp_message) -> Int32
  ) {
    precondition(
      count == height * width * channels, "\(count) elements for \(height) x \(width) x \(channels)")
    let failure = withUnsafeMutableBufferPointer { buffer in
      bridged { text, capacity in
        call(
          dp_raster(
            pixels: buffer.baseAddress, height: Int32(height), width: Int32(width), channels: Int32(channels),
            sample: Element.kind), dp_message(text: text, capacity: capacity))
      }
    }
    precondition(failure == nil, "OpenCV: \(failure ?? "")")
  }
}

extension Raster where Element: RasterSample {
  /// The same picture made by a function of the bridge, in another size.
  ///
  /// OpenCV refuses only what the callers' preconditions exclude, or runs out of memory.
  func mapped(
    height: Int, width: Int,
    _ call: (_ source: dp_raster, _ target: dp_raster, _ message: dp_message) -> Int32
  ) -> [Element] {
    precondition(self.height > 0 && self.width > 0, "\(self.height) x \(self.width) pixels have no contents")
    precondition(height > 0 && width > 0, "a result of \(height) x \(width) pixels")
    let count = height * width * channels
    return elements.withUnsafeBufferPointer { source in
      [Element](unsafeUninitializedCapacity: count) { target, initialized in
        let failure = bridged { text, capacity in
          call(
            dp_raster(
              pixels: UnsafeMutableRawPointer(mutating: source.baseAddress), height: Int32(self.height),
              width: Int32(self.width), channels: Int32(channels), sample: Element.kind),
            dp_raster(
              pixels: UnsafeMutableRawPointer(target.baseAddress), height: Int32(height), width: Int32(width),
              channels: Int32(channels), sample: Element.kind),
            dp_message(text: text, capacity: capacity))
        }
        precondition(failure == nil, "OpenCV: \(failure ?? "")")
        initialized = count
      }
    }
  }

  func resized(height: Int, width: Int, interpolation: Interpolation) -> [Element] {
    mapped(height: height, width: width) { dp_resize($0, $1, interpolation.number, $2) }
  }

  /// Grown to the right and below; `value` has one number a channel, for constant padding.
  func padded(height: Int, width: Int, mode: PaddingMode, value: [Double]) -> [Element] {
    precondition(
      height >= self.height && width >= self.width,
      "padding makes \(self.height) x \(self.width) larger, not \(height) x \(width)")
    precondition(value.count == channels, "\(value.count) padding values for \(channels) channels")
    return mapped(height: height, width: width) { dp_pad($0, $1, mode.number, value, $2) }
  }

  func flippedHorizontally() -> [Element] {
    mapped(height: height, width: width) { dp_flip_horizontally($0, $1, $2) }
  }

  /// The bytes of a PNG file; the reason if that fails.
  func encodedPNG() throws(ImagingError) -> [UInt8] { try encoded { dp_encode_png($0, $1, $2) } }

  /// The bytes of a JPEG file of a quality of 0 ... 100; the reason if that fails.
  func encodedJPEG(quality: Int) throws(ImagingError) -> [UInt8] {
    try encoded { dp_encode_jpeg($0, Int32(max(0, min(quality, 100))), $1, $2) }
  }

  private func encoded(
    _ encode: (dp_raster, UnsafeMutablePointer<OpaquePointer?>, dp_message) -> Int32
  ) throws(ImagingError) -> [UInt8] {
    guard height > 0, width > 0 else {
      throw .cannotEncode(height: height, width: width, reason: "it has no pixels")
    }
    var owned: OpaquePointer?
    let failure = elements.withUnsafeBufferPointer { source in
      bridged { text, capacity in
        encode(
          dp_raster(
            pixels: UnsafeMutableRawPointer(mutating: source.baseAddress), height: Int32(height),
            width: Int32(width), channels: Int32(channels), sample: Element.kind),
          &owned, dp_message(text: text, capacity: capacity))
      }
    }
    guard let owned, failure == nil else {
      throw .cannotEncode(height: height, width: width, reason: failure ?? "unknown")
    }
    defer { dp_owned_free(owned) }
    return Array(UnsafeBufferPointer(start: dp_owned_bytes(owned), count: dp_owned_count(owned)))
  }
}
