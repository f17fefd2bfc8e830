import CKernels

/// How a selective scan is cut into chunks of steps and pieces of work.
///
/// B images, L = H W pixels, D channels, N states, K parameter sets: one for each direction, or one for all.
struct ScanPlan: Sendable {
  let images: Int
  let height: Int
  let width: Int
  let channels: Int
  let states: Int
  /// Orders in which the pixels are walked, 1 or 4.
  let directions: Int
  let sets: Int
  /// Channels of a piece; none crosses the border of a group that shares B and C.
  let ranges: [Range<Int>]
  let rangesPerGroup: Int
  /// Parts into which the directions are cut where images and ranges alone give too few pieces.
  let directionParts: Int
  /// Steps of a chunk: the state before each is kept for the backward pass.
  let chunk: Int

  init(
    images: Int, height: Int, width: Int, channels: Int, states: Int, groups: Int, directions: Int, sets: Int
  ) {
    self.images = images
    self.height = height
    self.width = width
    self.channels = channels
    self.states = states
    self.directions = directions
    self.sets = sets
    let lanes = DP_SCAN_LANES
    let perGroup = channels / groups
    let blocks = (perGroup + lanes - 1) / lanes
    // One state takes as little memory as work: narrower ranges cost nothing. With more states each range gathers B and C
    // again: ranges of 48 channels take a tenth longer than those of 64.
    let count = max(1, blocks / (states == 1 ? 3 : 4))
    ranges = (0..<groups).flatMap { group in
      (0..<count).map { part in
        let start = group * perGroup
        return start + min(perGroup, blocks * part / count * lanes)..<start
          + min(perGroup, blocks * (part + 1) / count * lanes)
      }
    }
    rangesPerGroup = count
    let pieces = images * ranges.count
    // Directions one by one or all apart: an image's bits are the same in every batch, as the sums have one order. Those
    // that share parameters add up gradients by range first, so that there the batch must not matter.
    // Each part has a y of its own, which is written and then read again: none without need.
    let isCut = sets == 1 ? ranges.count < 8 : pieces < 16
    directionParts = directions > 1 && isCut ? 4 : 1
    // z and what the backward pass keeps of a step stay in the first cache.
    chunk = states == 1 ? Int(DP_SINGLE_SCAN_STEPS) : max(16, min(256, 1024 / states))
  }

  var pixels: Int { height * width }
  var chunks: Int { (pixels + chunk - 1) / chunk }
  var pieces: Int { images * directionParts * ranges.count }

  /// The piece's image, directions, part of the directions and channel range.
  func piece(_ index: Int) -> (image: Int, part: Int, directions: Range<Int>, range: Int) {
    let range = index % ranges.count
    let part = index / ranges.count % directionParts
    let image = index / ranges.count / directionParts
    let first = directions * part / directionParts
    return (image, part, first..<directions * (part + 1) / directionParts, range)
  }

  /// None of a chunk that does not exist.
  func steps(ofChunk index: Int) -> Range<Int> {
    (0..<chunks).contains(index) ? index * chunk..<min(pixels, (index + 1) * chunk) : 0..<0
  }

  /// The parameter set of a direction.
  func set(_ direction: Int) -> Int { sets == 1 ? 0 : direction }

  /// Channels of a range, rounded up to whole vectors.
  func stride(_ range: Int) -> Int {
    let lanes = DP_SCAN_LANES
    return (ranges[range].count + lanes - 1) / lanes * lanes
  }

  private var strides: Int { ranges.indices.reduce(0) { $0 + stride($1) } }

  /// Numbers of all states kept for the backward pass.
  var boundaryCount: Int { images * directions * chunks * states * strides }

  /// Where the state before a chunk is kept.
  func boundary(image: Int, direction: Int, chunk: Int, range: Int) -> Int {
    let before = (0..<range).reduce(0) { $0 + stride($1) }
    return (((image * directions + direction) * chunks + chunk) * strides + before) * states
  }
}

/// A, the skip and the bias of delta, `[K * D]` and `[K * D, N]`.
struct ScanParameters: Sendable {
  /// A, or log(-A).
  var a: TensorStorage
  var isLogarithm: Bool
  var skip: TensorStorage?
  var bias: TensorStorage?
}

/// Where the steps' delta, B and C come from, and where their gradients go.
protocol ScanInputs: Sendable {
  /// Numbers in front of B and C in a gathered row.
  var rank: Int { get }

  /// Makes what a direction's steps share ready.
  func begin(_ workspace: ScanWorkspace, direction: Int)

  /// Writes z (delta before bias and softplus) and the rows of B and C of the steps at `workspace.places`.
  func fill(_ workspace: ScanWorkspace, image: Int, direction: Int, steps: Int)
}

/// The receiving end of a backward pass.
protocol ScanInputGradients: Sendable {
  /// Takes the gradients by z, B and C of the steps at `workspace.places`.
  func take(_ workspace: ScanWorkspace, image: Int, direction: Int, isFirst: Bool, steps: Int)

  /// Takes what a direction's steps have added up.
  func finish(_ workspace: ScanWorkspace, image: Int, direction: Int)
}

extension ScanInputs {
  func begin(_ workspace: ScanWorkspace, direction: Int) {}
}

extension ScanInputGradients {
  func finish(_ workspace: ScanWorkspace, image: Int, direction: Int) {}
}

/// The buffers of one piece of work, used by one thread.
final class ScanWorkspace {
  let plan: ScanPlan
  let rangeIndex: Int
  let channels: Range<Int>
  let stride: Int
  /// Numbers in a gathered row: what lies in front, B, C.
  let rowWidth: Int
  let rank: Int
  /// The pixels of the steps, and those of the chunk that follows.
  private(set) var places: UnsafeMutablePointer<Int>
  private var next: UnsafeMutablePointer<Int>
  private var nextSteps = 0
  let z: TensorStorage
  let delta: TensorStorage
  let rows: TensorStorage
  let state: TensorStorage
  let rates: TensorStorage
  let skip: TensorStorage
  private var skips = false
  let bias: TensorStorage
  /// Weights that make delta, `[rank, stride]`, if the inputs have any.
  let weights: TensorStorage

  init(_ plan: ScanPlan, range: Int, rank: Int) {
    self.plan = plan
    self.rank = rank
    rangeIndex = range
    channels = plan.ranges[range]
    stride = plan.stride(range)
    rowWidth = rank + 2 * plan.states
    places = .allocate(capacity: plan.chunk)
    next = .allocate(capacity: plan.chunk)
    z = Self.zeros(plan.chunk * stride)
    delta = TensorStorage(count: plan.chunk * stride, for: "the workspace of a scan")
    rows = TensorStorage(count: plan.chunk * rowWidth, for: "the workspace of a scan")
    state = TensorStorage(count: plan.states * stride, for: "the workspace of a scan")
    rates = TensorStorage(count: plan.states * stride, for: "the workspace of a scan")
    skip = TensorStorage(count: stride, for: "the workspace of a scan")
    bias = TensorStorage(count: stride, for: "the workspace of a scan")
    weights = Self.zeros(rank * stride)
  }

  deinit {
    places.deallocate()
    next.deallocate()
  }

  static func zeros(_ count: Int) -> TensorStorage {
    let storage = TensorStorage(count: count, for: "the workspace of a scan")
    storage.values.initialize(repeating: 0)
    return storage
  }

  /// Makes a direction's parameters ready. All directions skip the same pixels: the first one has the sum of their skips,
  /// the others none.
  func load(_ parameters: ScanParameters, direction: Int) {
    let first = plan.set(direction) * plan.channels + channels.lowerBound
    dp_scan_rates(
      parameters.a.base + first * plan.states, parameters.isLogarithm ? 1 : 0, channels.count, plan.states,
      stride, rates.base)
    for buffer in [skip, bias] { buffer.values.update(repeating: 0) }
    if let source = parameters.bias { bias.base.update(from: source.base + first, count: channels.count) }
    skips = false
    guard direction == 0, let source = parameters.skip else { return }
    skips = true
    for other in 0..<plan.directions {
      dp_accumulate(
        skip.base, source.base + plan.set(other) * plan.channels + channels.lowerBound, channels.count)
    }
  }

  /// What the kernels need to know of the steps at `places`.
  func kernelChunk(steps: Int, u: UnsafePointer<Float>) -> dp_scan_chunk {
    dp_scan_chunk(
      steps: steps, channels: channels.count, states: plan.states, stride: stride, places: places,
      next: next, nextSteps: nextSteps, pixelStride: plan.channels, u: u, delta: delta.base,
      rates: rates.base, b: rows.base + rank,
      c: rows.base + rank + plan.states, rowStride: rowWidth,
      skip: skips || plan.states > 1 ? UnsafePointer(skip.base) : nil)
  }

  /// Finds the pixels of a direction's first chunk.
  func begin(direction: Int, with steps: Range<Int>) { find(direction, steps) }

  /// Goes on to the chunk that was found last, and finds the pixels of the one after it, which may have no steps.
  func advance(direction: Int, before steps: Range<Int>) {
    swap(&places, &next)
    find(direction, steps)
  }

  private func find(_ direction: Int, _ steps: Range<Int>) {
    dp_scan_places(direction, plan.height, plan.width, steps.lowerBound, steps.count, next)
    nextSteps = steps.count
  }

  // The backward pass alone:
  private(set) lazy var slope = TensorStorage(count: plan.chunk * stride, for: "the workspace of a scan")
  private(set) lazy var zGradient = TensorStorage(count: plan.chunk * stride, for: "the workspace of a scan")
  private(set) lazy var rowGradients = TensorStorage(
    count: plan.chunk * rowWidth, for: "the workspace of a scan")
  private(set) lazy var carry = TensorStorage(count: plan.states * stride, for: "the workspace of a scan")
  private(set) lazy var rateGradient = TensorStorage(
    count: plan.states * stride, for: "the workspace of a scan")
  private(set) lazy var skipGradient = TensorStorage(count: stride, for: "the workspace of a scan")
  private(set) lazy var biasGradient = TensorStorage(count: stride, for: "the workspace of a scan")
  private(set) lazy var weightGradient = TensorStorage(count: rank * stride, for: "the workspace of a scan")
  private(set) lazy var scratch = TensorStorage(
    count: (plan.chunk * (2 * plan.states + 24) + 24) * Int(DP_SCAN_LANES), for: "the workspace of a scan")

  func clearGradients() {
    for buffer in [carry, rateGradient, skipGradient, biasGradient, weightGradient] {
      buffer.values.update(repeating: 0)
    }
  }
}
