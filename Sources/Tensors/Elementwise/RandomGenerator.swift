/// What a random number is for. Numbers of different purposes never meet.
public enum RandomPurpose: Hashable, Sendable {
  /// The order of the data.
  case dataOrder
  /// Augmentation of a sample; `stage` tells the transforms of a pipeline apart.
  case augmentation(stage: Int)
  /// Stochastic depth, by the number of the layer.
  case dropPath(layer: Int)
  /// Dropout, by the number of the layer.
  case dropout(layer: Int)
  /// The choice of anchors (stage 0) and regions of interest (stage 1).
  case sampling(stage: Int)
  /// Initial values, by the number of the parameter.
  case initialization(parameter: Int)
  /// Generated pictures; `stage` tells their parts apart.
  case drawing(stage: Int)
  /// How the images of a training batch are mixed; the sample is the batch's first.
  case mixing

  /// Upper 8 bits: the kind; lower 24: which one.
  var word: UInt32 {
    switch self {
    case .dataOrder: 1 << 24
    case .augmentation(let stage): 2 << 24 | UInt32(truncatingIfNeeded: stage) & 0xff_ffff
    case .dropPath(let layer): 3 << 24 | UInt32(truncatingIfNeeded: layer) & 0xff_ffff
    case .dropout(let layer): 4 << 24 | UInt32(truncatingIfNeeded: layer) & 0xff_ffff
    case .sampling(let stage): 5 << 24 | UInt32(truncatingIfNeeded: stage) & 0xff_ffff
    case .initialization(let parameter): 6 << 24 | UInt32(truncatingIfNeeded: parameter) & 0xff_ffff
    case .drawing(let stage): 7 << 24 | UInt32(truncatingIfNeeded: stage) & 0xff_ffff
    case .mixing: 8 << 24
    }
  }
}

/// Philox4x32-10: counter-based random numbers (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011).
package enum Philox {
  /// Ten rounds over a counter under a key.
  package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for round in 0..<10 {
      if round > 0 { k &+= SIMD2(0x9E37_79B9, 0xBB67_AE85) }
      let p = UInt64(c[0]) * 0xD251_1F53
      let q = UInt64(c[2]) * 0xCD9E_8D57
      c = SIMD4(
        UInt32(truncatingIfNeeded: q >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: q),
        UInt32(truncatingIfNeeded: p >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: p))
    }
    return c
  }
}

/// Random numbers of one key: (seed, step, global sample number, purpose).
///
/// Nothing depends on who draws first, on threads or on workers: a resumed run needs no saved position but the
/// step.
public struct RandomGenerator: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var block = SIMD4<UInt32>()
  private var left = 0

  /// Numbers for one purpose of one sample in one step.
  public init(seed: UInt64, step: Int = 0, sample: Int = 0, purpose: RandomPurpose) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = SIMD4(
      0, purpose.word, UInt32(truncatingIfNeeded: sample), UInt32(truncatingIfNeeded: step))
  }

  /// What the kernels make the numbers of a fresh generator from: the key, and the counter of the next block.
  package var words: (key: [UInt32], counter: [UInt32]) {
    require(left == 0, "numbers have been drawn from this generator")
    return ([key[0], key[1]], (0..<4).map { counter[$0] })
  }

  /// 32 random bits.
  public mutating func nextWord() -> UInt32 {
    if left == 0 {
      block = Philox.block(counter: counter, key: key)
      counter[0] &+= 1
      left = 4
    }
    left -= 1
    return block[3 - left]
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 { UInt64(nextWord()) << 32 | UInt64(nextWord()) }

  /// Uniform in [0, 1).
  public mutating func uniform() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

  /// Uniform in [low, high).
  public mutating func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * uniform() }

  /// Uniform among `0 ..< bound`.
  public mutating func integer(below bound: Int) -> Int {
    require(bound > 0, "an integer below \(bound)")
    return Int.random(in: 0..<bound, using: &self)
  }

  /// A permutation of `0 ..< count`.
  public mutating func permutation(_ count: Int) -> [Int] { Array(0..<count).shuffled(using: &self) }
}
