import Imaging
import Tensors

/// What a segmentor knows of one image before it decides.
public struct SegmentationScores {
  enum Source {
    /// `[1, h, w, C]`, at the decode head's resolution, padding included.
    case map(Tensor)
    /// Windows, which are computed as they are needed.
    case windows(SlidingWindows)
  }

  let source: Source
  /// The image's size with the padding of its batch, which the logits cover.
  public let paddedSize: ImageSize

  init(_ source: Source, paddedSize: ImageSize) { (self.source, self.paddedSize) = (source, paddedSize) }

  /// Logits `[1, h, w, C]` over a padded image.
  public init(logits: Tensor, paddedSize: ImageSize) { self.init(.map(logits), paddedSize: paddedSize) }
}

/// Which sides of an image are exchanged.
package struct Mirroring: Sendable, Equatable {
  package var horizontal, vertical: Bool

  package init(horizontal: Bool = false, vertical: Bool = false) {
    (self.horizontal, self.vertical) = (horizontal, vertical)
  }
}

/// The logits of an image, or a variant of it, at the size of the image's file: a few rows at a time, so that memory
/// does not grow with the file's size times the classes.
///
/// As mmsegmentation: logits to the padded size, the padding off, mirrored back, then to the size of the file.
package struct FileLogits {
  private var logits: PaddedLogits
  private let own, file: ImageSize
  private let mirroring: Mirroring
  private let toFile: BilinearResizing

  /// - Parameters:
  ///   - own: The variant's size without padding.
  ///   - mirroring: How the variant differs from the file.
  ///   - alignCorners: The corner rule of all resizing.
  package init(
    _ scores: SegmentationScores, own: ImageSize, file: ImageSize, mirroring: Mirroring = Mirroring(),
    alignCorners: Bool
  ) {
    logits = PaddedLogits(scores, columns: own.width, alignCorners: alignCorners)
    (self.own, self.file, self.mirroring) = (own, file, mirroring)
    toFile = BilinearResizing(
      from: (own.height, own.width), to: (file.height, file.width), alignCorners: alignCorners)
  }

  /// How many rows of the file are worked on at a time: few enough for 32 MB of logits at both sizes.
  func rowsPerStrip(channels: Int) -> Int {
    let ratio = max(1, Double(own.height) / Double(max(1, file.height)))
    let bytes = 4 * Double(channels) * (Double(file.width) + ratio * Double(own.width))
    return max(1, Int(Double(32 << 20) / max(1, bytes)))
  }

  /// Some rows, `[1, strip.count, W, C]`. Strips are asked for in order.
  package mutating func callAsFunction(_ strip: Range<Int>) -> Tensor {
    let needed = toFile.inputRows(for: strip)
    let stored =
      mirroring.vertical ? own.height - needed.upperBound..<own.height - needed.lowerBound : needed
    let cut = logits(stored).mirrored(
      horizontally: mirroring.horizontal, vertically: mirroring.vertical)
    return toFile(cut, from: needed.lowerBound, rows: strip, columns: file.width)
  }
}

/// The logits of an image at its padded size, a few rows at a time.
private struct PaddedLogits {
  private let scores: SegmentationScores
  private let columns: Int
  private let resizing: (Tensor) -> BilinearResizing
  /// The rows of windows that cover the rows of before.
  private var open: [Int: [Tensor]] = [:]
  /// From a window's logits to its pixels, the same for all windows.
  private var known: BilinearResizing?

  init(_ scores: SegmentationScores, columns: Int, alignCorners: Bool) {
    (self.scores, self.columns) = (scores, columns)
    let size =
      switch scores.source {
      case .map: scores.paddedSize
      case .windows(let windows): windows.window
      }
    resizing = { logits in
      BilinearResizing(
        from: (logits.shape[1], logits.shape[2]), to: (size.height, size.width), alignCorners: alignCorners)
    }
  }

  /// The rows, `[1, range.count, columns, C]`. What no row of the range needs is dropped.
  mutating func callAsFunction(_ range: Range<Int>) -> Tensor {
    switch scores.source {
    case .map(let logits): return pixels(logits, range, columns: columns)
    case .windows(let windows): return mean(of: windows, range)
    }
  }

  private mutating func pixels(_ logits: Tensor, _ rows: Range<Int>, columns: Int) -> Tensor {
    let resizing = known ?? resizing(logits)
    known = resizing
    return resizing(logits, rows: rows, columns: columns)
  }

  private mutating func mean(of windows: SlidingWindows, _ range: Range<Int>) -> Tensor {
    let size = windows.window
    let covering = windows.rows.indices.filter {
      windows.rows[$0] < range.upperBound && range.lowerBound < windows.rows[$0] + size.height
    }
    open = open.filter { covering.contains($0.key) }
    var sum: Tensor?
    for row in covering {
      let maps = open[row] ?? windows.logits(row: row, before: columns)
      open[row] = maps
      let start = windows.rows[row]
      let rows = max(range.lowerBound, start)..<min(range.upperBound, start + size.height)
      for (map, column) in zip(maps, windows.columns) {
        let part = pixels(
          map, rows.lowerBound - start..<rows.upperBound - start, columns: min(size.width, columns - column))
        var total = sum ?? Tensor.zeros([1, range.count, columns, map.shape[3]])
        // The only reference, so that it is added to in place.
        sum = nil
        total.add(part, row: rows.lowerBound - range.lowerBound, column: column)
        sum = total
      }
    }
    let down = SlidingWindows.cover(windows.rows, window: size.height, range)
    let across = SlidingWindows.cover(windows.columns, window: size.width, 0..<columns)
    let counts = Tensor(
      down.flatMap { count in across.map { count * $0 } }, shape: [1, range.count, columns, 1])
    return (sum ?? Tensor.zeros([1, range.count, columns, 1])) / counts
  }
}
