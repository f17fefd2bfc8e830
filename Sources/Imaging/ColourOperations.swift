import CKernels

/// Changes of colour as Pillow's `ImageOps` and `ImageEnhance` make them, exact in 8 bits.
extension Image {
  /// The same size, made by a function of the kernels from blue, green, red.
  func changed(_ make: (_ source: [UInt8], _ target: UnsafeMutablePointer<UInt8>) -> Void) -> Image {
    precondition(channels == 3, "\(channels) channels; colours have 3")
    let result = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, initialized in
      if let base = target.baseAddress { make(pixels, base) }
      initialized = pixels.count
    }
    return Image(height: height, width: width, pixels: result)
  }

  private var area: Int64 { Int64(height * width) }

  /// Every byte replaced by what the table of its channel says: `[3, 256]`, or `[256]` for all.
  private func mapped(_ tables: [UInt8]) -> Image {
    let all = tables.count == 256 ? tables + tables + tables : tables
    return changed { dp_pixels_map($0, area, all, $1) }
  }

  private func mapped(_ function: (Int) -> Int) -> Image {
    mapped((0..<256).map { UInt8(clamping: function($0)) })
  }

  /// How often each byte occurs in each channel.
  private var counts: [[Int]] {
    var counts = [Int64](repeating: 0, count: 768)
    dp_channel_counts(pixels, area, &counts)
    return (0..<3).map { channel in counts[256 * channel..<256 * (channel + 1)].map { Int($0) } }
  }

  /// Each channel stretched to 0 ... 255.
  public func withFullContrast() -> Image {
    mapped(
      counts.flatMap { counts -> [UInt8] in
        let low = counts.firstIndex { $0 > 0 } ?? 0
        let high = counts.lastIndex { $0 > 0 } ?? 0
        guard high > low else { return (0...255).map { UInt8($0) } }
        let scale = 255 / Double(high - low)
        let offset = -Double(low) * scale
        return (0..<256).map { UInt8(clamping: Int(Double($0) * scale + offset)) }
      })
  }

  /// Each channel with values that occur about equally often.
  public func equalized() -> Image {
    mapped(
      counts.flatMap { counts -> [UInt8] in
        let occurring = counts.filter { $0 > 0 }
        let step = (occurring.reduce(0, +) - (occurring.last ?? 0)) / 255
        guard occurring.count > 1, step > 0 else { return (0...255).map { UInt8($0) } }
        var below = step / 2
        return counts.map { count in
          defer { below += count }
          return UInt8(clamping: below / step)
        }
      })
  }

  /// 255 - v.
  public func inverted() -> Image { mapped { 255 - $0 } }

  /// The upper `bits` of each byte; 8 and more change nothing.
  public func posterized(bits: Int) -> Image {
    let kept = max(0, min(bits, 8))
    return mapped { ($0 >> (8 - kept)) << (8 - kept) }
  }

  /// 255 - v from the threshold on.
  public func solarized(from threshold: Int) -> Image { mapped { $0 < threshold ? $0 : 255 - $0 } }

  /// v + `amount`, at most 255, below the threshold.
  public func solarized(adding amount: Int, below threshold: Int = 128) -> Image {
    mapped { $0 < threshold ? $0 + amount : $0 }
  }

  /// From gray (0) over the picture (1) to stronger colours.
  public func withSaturation(_ factor: Float) -> Image {
    changed { dp_saturate($0, area, factor, $1) }
  }

  /// From the mean gray (0) over the picture (1) to more contrast.
  public func withContrast(_ factor: Float) -> Image {
    let mean = Int(Double(dp_gray_sum(pixels, area)) / Double(max(1, area)) + 0.5)
    return mixed(with: mean, factor)
  }

  /// From black (0) over the picture (1) to brighter.
  public func withBrightness(_ factor: Float) -> Image { mixed(with: 0, factor) }

  /// From smooth (0) over the picture (1) to sharper.
  public func withSharpness(_ factor: Float) -> Image {
    changed { dp_sharpen($0, Int64(height), Int64(width), factor, $1) }
  }

  /// b + factor (v - b), clipped and cut.
  private func mixed(with base: Int, _ factor: Float) -> Image {
    mapped { value in
      let mixed = Float(base) + factor * Float(value - base)
      return mixed <= 0 ? 0 : mixed >= 255 ? 255 : Int(mixed)
    }
  }
}
