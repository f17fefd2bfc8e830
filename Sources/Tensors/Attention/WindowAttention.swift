import CKernels

/// Attention inside the windows of a map, which may be shifted cyclically (Liu et al., "Swin Transformer", 2021).
///
/// The map is rolled by -`shift` in both axes, cut into windows and rolled back, all of it by addresses alone. Where
/// rolling brings together what is not adjacent, -100 between positions of different regions keeps them apart. Nothing
/// larger than a window's probabilities in one head is made; the backward pass makes them again.
///
/// - Parameters:
///   - qkv: `[B, H, W, 3C]`: q, k and v one after the other, each cut into heads; both sides are whole windows.
///   - heads: How many there are; they divide C.
///   - window: Side of a window, w.
///   - shift: 0 or more, below w.
///   - scale: Of the products q kᵀ.
///   - bias: `[heads, w * w, w * w]`, added to the logits of every window; none when nil.
///   - dropout: Of the probabilities; none when nil.
///   - precision: As of `attention`.
/// - Returns: `[B, H, W, C]`.
public func windowAttention(
  _ qkv: Tensor, heads: Int, window: Int, shift: Int, scale: Float, bias: Tensor? = nil,
  dropout: AttentionDropout? = nil, precision: Precision = .float32
) -> Tensor {
  let shape = qkv.shape
  require(
    shape.count == 4 && heads > 0 && shape[3] % (3 * heads) == 0,
    "window attention of \(shape), \(heads) heads")
  require(
    window > 0 && shape[1] % window == 0 && shape[2] % window == 0 && (0..<window).contains(shift),
    "windows of \(window), shifted by \(shift), of \(shape)")
  let positions = window * window
  require(
    bias.map { $0.shape == [heads, positions, positions] } ?? true,
    "bias \(bias?.shape ?? []) of \(heads) heads and windows of \(window)")
  require(dropout.map { $0.generators.count == shape[0] } ?? true, "generators of \(shape[0]) samples")
  let windows = AttentionWindows(
    height: shape[1], width: shape[2], channels: shape[3] / 3, heads: heads, side: window, shift: shift,
    scale: scale, dropout: dropout)
  // q kᵀ and p v.
  OperationCounter.current?.add(.matmul, 2, shape[0], shape[1], shape[2], positions, shape[3] / 3)
  return Tensor.operation("window_attention", of: [qkv] + (bias.map { [$0] } ?? [])) {
    let y = Tensor.uninitialized(shape.dropLast() + [shape[3] / 3])
    let (input, result) = (qkv.storage, y.storage)
    let padded = windows.padded(bias)
    let isHalf = precision.isHalf(for: [qkv, bias], dropout)
    // Every window and head is by itself, so where they are cut changes no bit.
    let (count, groups) = (windows.rows * windows.columns, min(heads, 4))
    let work = positions * positions * max(1, shape[3] / 3 / groups)
    parallel(over: shape[0] * count * groups, grain: max(1, (1 << 18) / max(1, work))) { range in
      var scratch = WindowScratch(windows)
      let room = isHalf ? HalfAttentionRoom(count: positions, width: windows.headWidth) : nil
      let packed = HalfAttentionHeads(heads: isHalf ? 1 : 0, count: positions, width: windows.headWidth)
      for unit in range {
        let (place, group) = unit.quotientAndRemainder(dividingBy: groups)
        let image = place / count
        if group == 0 || unit == range.lowerBound { scratch.enter(window: place % count) }
        for head in heads * group / groups..<heads * (group + 1) / groups {
          if let room {
            scratch.halfForward(input, image: image, head: head, bias: padded, packed, room, to: result)
          } else {
            scratch.forward(input, image: image, head: head, bias: padded, to: result)
          }
        }
      }
    }
    let (needsX, needsBias) = (qkv.needsGradient, bias?.needsGradient ?? false)
    let hasBias = bias != nil
    return (
      y,
      { gradient in
        let gx = Tensor.uninitialized(shape)
        let (g, output) = (gradient.storage, gx.storage)
        // A piece has a head of an image in some windows, and its own sum of the bias' gradient.
        let parts = min(count, max(4, (32 + heads - 1) / heads))
        let sums =
          needsBias
          ? TensorStorage(
            count: shape[0] * parts * heads * windows.biasCount, for: "the gradients of a position bias")
          : nil
        parallel(shape[0] * parts * heads) { piece in
          let (image, rest) = piece.quotientAndRemainder(dividingBy: parts * heads)
          let (part, head) = rest.quotientAndRemainder(dividingBy: heads)
          let sum = sums.map { $0.base + piece * windows.biasCount }
          sum?.update(repeating: 0, count: windows.biasCount)
          var scratch = WindowScratch(windows)
          for window in count * part / parts..<count * (part + 1) / parts {
            scratch.enter(window: window)
            scratch.backward(input, g, image: image, head: head, bias: padded, adding: sum, to: output)
          }
        }
        return [needsX ? gx : nil] + (hasBias ? [sums.map { windows.biasGradient($0) }] : [])
      }
    )
  }
}

/// The sizes of a map in windows.
private struct AttentionWindows: Sendable {
  let height, width, channels, heads, side, shift: Int
  let scale: Float
  let dropout: AttentionDropout?

  var rows: Int { height / side }
  var columns: Int { width / side }
  /// n: positions of a window.
  var positions: Int { side * side }
  /// d: channels of a head.
  var headWidth: Int { channels / heads }
  /// Both rounded up to whole vectors.
  var paddedPositions: Int { dp_packed_width(positions) }
  var paddedHeadWidth: Int { dp_packed_width(headWidth) }
  /// Numbers of a window's logits in one head.
  var biasCount: Int { positions * paddedPositions }

  /// The bias `[heads, n, n]` with rows of whole vectors.
  func padded(_ bias: Tensor?) -> TensorStorage {
    let (count, padded) = (positions, paddedPositions)
    let storage = TensorStorage(count: heads * biasCount, for: "the position bias of attention")
    storage.values.update(repeating: 0)
    if let bias {
      for row in 0..<heads * count {
        (storage.base + row * padded).update(from: bias.storage.base + row * count, count: count)
      }
    }
    return storage
  }

  /// `[heads, n, n]` from the sums `[images * parts, heads, n, padded]`, in their order.
  func biasGradient(_ sums: TensorStorage) -> Tensor {
    let (size, count, padded) = (heads * biasCount, positions, paddedPositions)
    let total = TensorStorage(count: size, for: "the gradients of a position bias")
    sumOfPartials(sums, pieces: sums.count / max(1, size), to: total)
    let gradient = Tensor.uninitialized([heads, count, count])
    let result = gradient.storage
    parallel(over: heads * count, grain: max(1, (1 << 14) / max(1, count))) { range in
      for row in range { (result.base + row * count).update(from: total.base + row * padded, count: count) }
    }
    return gradient
  }
}

/// What a thread needs for one window and head after the other.
private struct WindowScratch {
  private let windows: AttentionWindows
  private let memory: TensorStorage
  /// Packed `[n, d]`.
  private let q, k, v, y: UnsafeMutablePointer<Float>
  /// Packed `[d, n]`.
  private let turned: UnsafeMutablePointer<Float>
  /// Packed `[n, n]`.
  private let p, dropped, gs: UnsafeMutablePointer<Float>
  /// Where the window's positions are in the map, and in which region.
  private var tokens, regions: [Int32]
  private var isMasked = false
  /// Which of the map's windows it is.
  private var number = 0

  init(_ windows: AttentionWindows) {
    self.windows = windows
    let rows = windows.positions * windows.paddedHeadWidth
    let columns = windows.headWidth * windows.paddedPositions
    let square = windows.biasCount
    // Each part is a whole number of vectors, so all are aligned.
    memory = TensorStorage(count: 4 * rows + columns + 3 * square, for: "a window of attention")
    (q, k, v, y) = (
      memory.base, memory.base + rows, memory.base + 2 * rows, memory.base + 3 * rows
    )
    turned = memory.base + 4 * rows
    (p, dropped, gs) = (turned + columns, turned + columns + square, turned + columns + 2 * square)
    tokens = [Int32](repeating: 0, count: windows.positions)
    // Columns behind the last position belong to no region.
    regions = [Int32](repeating: 0, count: windows.paddedPositions)
  }

  /// Turns to a window, counted by rows.
  mutating func enter(window: Int) {
    let (side, shift) = (windows.side, windows.shift)
    let (row, column) = window.quotientAndRemainder(dividingBy: windows.columns)
    number = window
    isMasked = shift > 0 && (row + 1 == windows.rows || column + 1 == windows.columns)
    /// The rolled map is cut at size - w and at size - s.
    func region(_ place: Int, _ size: Int) -> Int32 {
      place < size - side ? 0 : place < size - shift ? 1 : 2
    }
    for a in 0..<side {
      let i = row * side + a
      for b in 0..<side {
        let j = column * side + b
        let position = a * side + b
        tokens[position] = Int32(
          (i + shift) % windows.height * windows.width + (j + shift) % windows.width)
        regions[position] = 3 * region(i, windows.height) + region(j, windows.width)
      }
    }
  }

  private func pack(_ x: UnsafePointer<Float>, stride: Int, to packed: UnsafeMutablePointer<Float>) {
    dp_pack_rows(
      packed, windows.paddedHeadWidth, x, stride, tokens, windows.positions, windows.headWidth)
  }

  private func packColumns(_ x: UnsafePointer<Float>, stride: Int) {
    dp_pack_columns(
      turned, windows.paddedPositions, x, stride, tokens, windows.positions, windows.headWidth)
  }

  /// c [n, d] = a b, of packed a [n, n] or its transpose.
  private func multiply(
    _ a: UnsafePointer<Float>, transposed: Bool = false, _ b: UnsafePointer<Float>, factor: Float = 1,
    to c: UnsafeMutablePointer<Float>
  ) {
    let (count, padded) = (windows.positions, windows.paddedPositions)
    dp_packed_product(
      c, windows.paddedHeadWidth, a, transposed ? 1 : padded, transposed ? padded : 1, b,
      windows.paddedHeadWidth, count, windows.paddedHeadWidth, count, factor)
  }

  /// c [n, n] = a times what is turned, of packed a [n, d].
  private func multiplyTurned(_ a: UnsafePointer<Float>, to c: UnsafeMutablePointer<Float>) {
    dp_packed_product(
      c, windows.paddedPositions, a, windows.paddedHeadWidth, 1, turned, windows.paddedPositions,
      windows.positions, windows.paddedPositions, windows.headWidth, 1)
  }

  /// Fills q and p.
  private func makeProbabilities(_ source: UnsafePointer<Float>, head: Int, bias: TensorStorage) {
    let stride = 3 * windows.channels
    pack(source, stride: stride, to: q)
    packColumns(source + windows.channels, stride: stride)
    multiplyTurned(q, to: p)
    let own = bias.base + head * windows.biasCount
    let (count, padded) = (windows.positions, windows.paddedPositions)
    if isMasked {
      dp_attention_softmax(p, padded, own, regions, count, count, windows.scale)
    } else {
      dp_attention_softmax(p, padded, own, nil, count, count, windows.scale)
    }
  }

  /// The same numbers as they are or, in `target`, with some dropped.
  private func drop(
    _ x: UnsafeMutablePointer<Float>, image: Int, head: Int, to target: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float> {
    guard let dropout = windows.dropout else { return x }
    dropout(
      x, sample: image, number: (number * windows.heads + head) * windows.positions, rows: windows.positions,
      width: windows.paddedPositions, to: target)
    return target
  }

  private func start(_ image: Int, _ head: Int, _ channels: Int) -> Int {
    image * windows.height * windows.width * channels + head * windows.headWidth
  }

  func forward(_ x: TensorStorage, image: Int, head: Int, bias: TensorStorage, to result: TensorStorage) {
    let source = x.base + start(image, head, 3 * windows.channels)
    makeProbabilities(source, head: head, bias: bias)
    pack(source + 2 * windows.channels, stride: 3 * windows.channels, to: v)
    multiply(drop(p, image: image, head: head, to: dropped), v, to: y)
    dp_unpack_rows(
      result.base + start(image, head, windows.channels), windows.channels, y, windows.paddedHeadWidth,
      tokens,
      windows.positions, windows.headWidth)
  }

  /// The same with products in bfloat16.
  func halfForward(
    _ x: TensorStorage, image: Int, head: Int, bias: TensorStorage, _ packed: HalfAttentionHeads,
    _ room: HalfAttentionRoom, to result: TensorStorage
  ) {
    let source = UnsafePointer(x.base + start(image, head, 3 * windows.channels))
    tokens.withUnsafeBufferPointer { tokens in
      regions.withUnsafeBufferPointer { regions in
        var call = dp_half_attention_head()
        (call.q, call.k, call.v) = (source, source + windows.channels, source + 2 * windows.channels)
        (call.stride, call.tokens, call.count) = (3 * windows.channels, tokens.baseAddress, windows.positions)
        (call.end, call.width, call.scale) = (windows.positions, windows.headWidth, windows.scale)
        call.bias = UnsafePointer(bias.base + head * windows.biasCount)
        call.biasStride = windows.paddedPositions
        call.region = isMasked ? regions.baseAddress : nil
        (call.y, call.yStride) = (result.base + start(image, head, windows.channels), windows.channels)
        packed.lend(0, to: &call)
        room.lend(to: &call)
        dp_half_attention_pack(&call)
        dp_half_attention(&call)
      }
    }
    withExtendedLifetime((packed, room)) {}
  }

  /// - Parameter biasSum: What the gradient of the head's bias is added to.
  func backward(
    _ x: TensorStorage, _ g: TensorStorage, image: Int, head: Int, bias: TensorStorage,
    adding biasSum: UnsafeMutablePointer<Float>?, to gx: TensorStorage
  ) {
    let (channels, wide) = (windows.channels, 3 * windows.channels)
    let first = start(image, head, wide)
    let source = x.base + first
    func write(_ packed: UnsafePointer<Float>, at offset: Int) {
      dp_unpack_rows(
        gx.base + first + offset, wide, packed, windows.paddedHeadWidth, tokens, windows.positions,
        windows.headWidth)
    }
    makeProbabilities(source, head: head, bias: bias)
    pack(g.base + start(image, head, channels), stride: channels, to: y)
    multiply(drop(p, image: image, head: head, to: dropped), transposed: true, y, to: v)
    write(v, at: 2 * channels)
    packColumns(source + 2 * channels, stride: wide)
    multiplyTurned(y, to: gs)
    let slopes = drop(gs, image: image, head: head, to: dropped)
    let padded = windows.paddedPositions
    dp_attention_softmax_backward(slopes, p, padded, windows.positions, padded, 1)
    if let biasSum { dp_accumulate(biasSum, slopes, windows.biasCount) }
    pack(source + channels, stride: wide, to: k)
    multiply(slopes, k, factor: windows.scale, to: v)
    write(v, at: 0)
    multiply(slopes, transposed: true, q, factor: windows.scale, to: v)
    write(v, at: channels)
  }
}
