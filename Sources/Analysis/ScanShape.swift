import Tensors

/// The sizes of a selective scan in four directions, as VMamba's blocks have it (Liu et al., 2024, arXiv:2401.10166).
public struct ScanShape: Sendable {
  /// Maps at a time.
  public var images: Int
  /// Sides of a map.
  public var height, width: Int
  /// Channels that are scanned, of `states` numbers each.
  public var channels, states: Int
  /// Numbers that a pixel's deltas in a direction are made of.
  public var rank: Int

  /// A scan of maps `[images, height, width, channels]`.
  public init(images: Int, height: Int, width: Int, channels: Int, states: Int, rank: Int) {
    (self.images, self.height, self.width) = (images, height, width)
    (self.channels, self.states, self.rank) = (channels, states, rank)
  }

  /// The scans of a backbone's four stages: maps of a quarter of a picture's sides, then of half of those of the stage before
  /// with twice its channels.
  ///
  /// - Parameters:
  ///   - channels: Those scanned in the first stage, twice the width of its block; a sixteenth of the width is the rank.
  ///   - states: Numbers a channel; 1 as of today's VMamba, 16 as of its first version.
  public static func stages(images: Int, height: Int, width: Int, channels: Int, states: Int) -> [ScanShape] {
    (0..<4).map { stage in
      ScanShape(
        images: images, height: max(1, height >> (stage + 2)), width: max(1, width >> (stage + 2)),
        channels: channels << stage, states: states, rank: ((channels << stage) / 2 + 15) / 16)
    }
  }

  /// Both passes, with the floors for machines with AVX-512.
  ///
  /// Counted are updates of a state, against P. With one state it is bytes, against M: those of a scan whose deltas are
  /// given, as published kernels have it, each once: u, y, and a delta a channel, B and C of each direction; backward also
  /// the gradients by all of them. (This one makes the deltas from `rank` numbers a pixel itself, and moves fewer.)
  func operations(_ name: String) -> [BenchmarkedOperation] {
    let (inputs, pixels) = (inputs, images * height * width)
    if states == 1 {
      let given = 4 * (channels + 2)
      return [
        .forward(name, work: 4 * pixels * (2 * channels + given), limit: .memory, floor: 0.5) {
          Self.scan(inputs)
        },
        .backward(
          "\(name).backward", work: 4 * pixels * (3 * channels + 2 * given), limit: .memory, floor: 0.4,
          to: inputs, Self.scan),
      ]
    }
    let work = pixels * 4 * channels * states
    return [
      .forward(name, work: work, limit: .product, floor: 1.0 / 36) { Self.scan(inputs) },
      .backward("\(name).backward", work: work, floor: 1.0 / 100, to: inputs, Self.scan),
    ]
  }

  private var inputs: [Tensor] {
    [
      Tensor.pattern([images, height, width, channels]),
      Tensor.pattern([images, height, width, 4 * (rank + 2 * states)]),
      Tensor.pattern([4, channels, rank]), Tensor.pattern([4, channels]),
      Tensor.pattern([4 * channels, states]), Tensor.pattern([4 * channels]),
    ]
  }

  private static func scan(_ inputs: [Tensor]) -> Tensor {
    crossSelectiveScan(
      inputs[0], projected: inputs[1], dtWeight: inputs[2], dtBias: inputs[3], aLogs: inputs[4],
      skip: inputs[5])
  }
}
