import CKernels

/// Dropout of attention's probabilities: kept ones are scaled by 1 / (1 - probability).
public struct AttentionDropout: Sendable {
  /// That a probability is dropped.
  public var probability: Float
  /// One for each sample, none of which has been drawn from.
  public var generators: [RandomGenerator]

  /// Dropout with one generator a sample.
  public init(probability: Float, generators: [RandomGenerator]) {
    (self.probability, self.generators) = (probability, generators)
  }

  /// y = the kept ones of the rows `[rows, width]` of a sample; `number` is that of the first row in the sample.
  func callAsFunction(
    _ x: UnsafePointer<Float>, sample: Int, number: Int, rows: Int, width: Int,
    to y: UnsafeMutablePointer<Float>
  ) {
    let words = generators[sample].words
    // The kernel makes 64 random numbers at once.
    let step = (width + 63) / 64 * 64
    for row in 0..<rows {
      dp_dropout(
        y + row * width, x + row * width, words.key, words.counter, (number + row) * step, width, probability,
        1 / (1 - probability))
    }
  }
}

/// Attention of all tokens of a sample to each other (Vaswani et al., 2017): softmax(q kᵀ scale) v in each head.
///
/// Probabilities are made a block of rows at a time, in the backward pass again: memory grows with the tokens, not with
/// their square.
///
/// - Parameters:
///   - qkv: `[B, N, 3C]`: q, k and v one after the other, each cut into heads.
///   - heads: How many there are; they divide C.
///   - scale: Of the logits.
///   - dropout: Of the probabilities; none when nil.
///   - precision: What products take in inference; without bfloat16's instructions, and where something is to be
///     differentiated or dropped, it is float32.
/// - Returns: `[B, N, C]`.
public func attention(
  _ qkv: Tensor, heads: Int, scale: Float, dropout: AttentionDropout? = nil,
  precision: Precision = .float32
) -> Tensor {
  require(
    qkv.rank == 3 && heads > 0 && qkv.shape[2] % (3 * heads) == 0, "attention of \(qkv.shape), \(heads) heads"
  )
  require(
    dropout.map { $0.generators.count == qkv.shape[0] } ?? true, "generators of \(qkv.shape[0]) samples")
  let shape = qkv.shape
  let sizes = TokenAttention(
    tokens: shape[1], channels: shape[2] / 3, heads: heads, scale: scale, dropout: dropout)
  // q kᵀ and p v.
  OperationCounter.current?.add(.matmul, 2, shape[0], shape[1], shape[1], shape[2] / 3)
  return Tensor.operation("attention", of: [qkv]) {
    let y = Tensor.uninitialized([shape[0], shape[1], shape[2] / 3])
    if precision.isHalf(for: [qkv], dropout) {
      sizes.halfForward(qkv.storage, images: shape[0], to: y.storage)
    } else {
      sizes.forward(qkv.storage, images: shape[0], to: y.storage)
    }
    let input = qkv.storage
    return (
      y,
      { gradient in
        let gx = Tensor.uninitialized(shape)
        sizes.backward(input, gradient.storage, images: shape[0], to: gx.storage)
        return [gx]
      }
    )
  }
}

/// One head of one sample.
private struct TokenAttention: Sendable {
  let tokens, channels, heads: Int
  let scale: Float
  let dropout: AttentionDropout?

  var width: Int { channels / heads }
  /// Tokens in whole vectors: what is between one row of probabilities and the next.
  var paddedTokens: Int { dp_packed_width(tokens) }
  /// Distance between the rows of q, k and v.
  var stride: Int { 3 * channels }
  /// Logits of a block fill 128 KB, or are those of 64 rows.
  var blocks: Int {
    let rows = max(64, (1 << 15) / max(1, tokens))
    return (tokens + rows - 1) / rows
  }

  func rows(ofBlock block: Int) -> Range<Int> { tokens * block / blocks..<tokens * (block + 1) / blocks }

  /// Calls `body` for each block of rows of each head of each image, with all threads.
  private func forEachBlock(
    images: Int, _ body: @escaping @Sendable (_ image: Int, _ head: Int, _ rows: Range<Int>) -> Void
  ) {
    parallel(images * heads * blocks) { piece in
      let (image, rest) = piece.quotientAndRemainder(dividingBy: heads * blocks)
      body(image, rest / blocks, rows(ofBlock: rest % blocks))
    }
  }

  /// The probabilities `[rows, paddedTokens]` of a head, of its q.
  private func probabilities(
    _ q: UnsafePointer<Float>, _ packed: PackedHeads, head: Int, rows: Range<Int>
  ) -> TensorStorage {
    let p = TensorStorage(count: rows.count * paddedTokens, for: "the probabilities of attention")
    packed.multiplyKeys(head, q + rows.lowerBound * stride, stride: stride, rows: rows.count, to: p.base)
    dp_attention_softmax(p.base, paddedTokens, nil, nil, rows.count, tokens, scale)
    return p
  }

  /// The same numbers as they are or with some dropped.
  private func dropped(_ p: TensorStorage, image: Int, head: Int, rows: Range<Int>) -> TensorStorage {
    guard let dropout else { return p }
    let kept = TensorStorage(count: p.count, for: "the probabilities of attention")
    dropout(
      p.base, sample: image, number: head * tokens + rows.lowerBound, rows: rows.count,
      width: paddedTokens, to: kept.base)
    return kept
  }

  func forward(_ x: TensorStorage, images: Int, to y: TensorStorage) {
    let packed = PackedHeads(heads: images * heads, count: tokens, width: width)
    parallel(images * heads) { number in
      let q = x.base + first(image: number / heads, head: number % heads)
      packed.packKeys(number, q + channels, stride: stride)
      packed.packValues(number, q + 2 * channels, stride: stride)
    }
    forEachBlock(images: images) { image, head, rows in
      let (number, q) = (image * heads + head, x.base + first(image: image, head: head))
      let p = dropped(
        probabilities(q, packed, head: number, rows: rows), image: image, head: head, rows: rows)
      let result = TensorStorage(count: rows.count * packed.paddedWidth, for: "the results of attention")
      packed.multiplyValues(number, p.base, rows: rows.count, to: result.base)
      let out = y.base + (image * tokens + rows.lowerBound) * channels + head * width
      for row in 0..<rows.count {
        (out + row * channels).update(from: result.base + row * packed.paddedWidth, count: width)
      }
      withExtendedLifetime((p, result)) {}
    }
  }

  /// The same with products in bfloat16.
  func halfForward(_ x: TensorStorage, images: Int, to y: TensorStorage) {
    let packed = HalfAttentionHeads(heads: images * heads, count: tokens, width: width)
    parallel(images * heads) { number in
      var head = half(x, packed, image: number / heads, head: number % heads)
      dp_half_attention_pack(&head)
    }
    forEachBlock(images: images) { image, number, rows in
      let room = HalfAttentionRoom(count: tokens, width: width)
      var head = half(x, packed, image: image, head: number)
      (head.first, head.end) = (rows.lowerBound, rows.upperBound)
      (head.y, head.yStride) = (y.base + image * tokens * channels + number * width, channels)
      room.lend(to: &head)
      dp_half_attention(&head)
      withExtendedLifetime(room) {}
    }
  }

  private func half(
    _ x: TensorStorage, _ packed: HalfAttentionHeads, image: Int, head number: Int
  ) -> dp_half_attention_head {
    let q = UnsafePointer(x.base + first(image: image, head: number))
    var head = dp_half_attention_head()
    (head.q, head.k, head.v) = (q, q + channels, q + 2 * channels)
    (head.stride, head.count, head.width, head.scale) = (stride, tokens, width, scale)
    packed.lend(image * heads + number, to: &head)
    return head
  }

  /// The gradients of q, k and v of all heads.
  ///
  /// Blocks of rows add to the gradients of k and v: in few heads they do so in several sums at the same time, whose
  /// number depends on one image's sizes alone.
  func backward(_ x: TensorStorage, _ g: TensorStorage, images: Int, to gx: TensorStorage) {
    let parts = max(1, min(blocks / 2, (16 + heads - 1) / heads))
    guard parts > 1 else {
      return parallel(images * heads) { piece in
        let start = first(image: piece / heads, head: piece % heads)
        backward(
          x, g, image: piece / heads, head: piece % heads, blocks: 0..<blocks,
          addingTo: gx.base + start + channels, stride: stride, to: gx)
      }
    }
    // Of a part, `[tokens, 2C]`: as k and v lie in a row.
    let count = tokens * 2 * channels
    let sums = TensorStorage(count: parts * images * count, for: "the gradients of attention")
    parallel(images * heads * parts) { piece in
      let (place, part) = piece.quotientAndRemainder(dividingBy: parts)
      let (image, head) = place.quotientAndRemainder(dividingBy: heads)
      backward(
        x, g, image: image, head: head, blocks: blocks * part / parts..<blocks * (part + 1) / parts,
        addingTo: sums.base + (part * images + image) * count + head * width, stride: 2 * channels, to: gx)
    }
    parallel(over: images * tokens, grain: max(1, (1 << 15) / (2 * channels * parts))) { rows in
      for row in rows {
        let out = gx.base + row * stride + channels
        out.update(from: sums.base + row * 2 * channels, count: 2 * channels)
        for part in 1..<parts {
          dp_accumulate(out, sums.base + (part * images * tokens + row) * 2 * channels, 2 * channels)
        }
      }
    }
  }

  /// Where the q of a head begins.
  private func first(image: Int, head: Int) -> Int { image * tokens * stride + head * width }

  /// The gradients of q, a block of rows after the other, and the sums of these blocks for k and v.
  private func backward(
    _ x: TensorStorage, _ g: TensorStorage, image: Int, head: Int, blocks own: Range<Int>,
    addingTo gk: UnsafeMutablePointer<Float>, stride step: Int, to gx: TensorStorage
  ) {
    let start = first(image: image, head: head)
    let (q, gq) = (x.base + start, gx.base + start)
    let packed = PackedHeads(heads: 1, count: tokens, width: width, hasValues: false)
    packed.packKeys(0, q + channels, stride: stride)
    for block in own {
      let rows = rows(ofBlock: block)
      let gy = g.base + (image * tokens + rows.lowerBound) * channels + head * width
      let p = probabilities(q, packed, head: 0, rows: rows)
      let used = dropped(p, image: image, head: head, rows: rows)
      let first: Float = block == own.lowerBound ? 0 : 1
      BLAS.multiply(
        transposingA: true, m: tokens, n: width, k: rows.count, used.base, stride: paddedTokens, gy,
        stride: channels, adding: first, to: gk + channels, stride: step)
      let plain = TensorStorage(count: p.count, for: "the gradients of attention")
      BLAS.multiply(
        transposingB: true, m: rows.count, n: tokens, k: width, gy, stride: channels, q + 2 * channels,
        stride: stride, to: plain.base, stride: paddedTokens)
      let gs = dropped(plain, image: image, head: head, rows: rows)
      dp_attention_softmax_backward(gs.base, p.base, paddedTokens, rows.count, tokens, scale)
      BLAS.multiply(
        m: rows.count, n: width, k: tokens, gs.base, stride: paddedTokens, q + channels, stride: stride,
        to: gq + rows.lowerBound * stride, stride: stride)
      BLAS.multiply(
        transposingA: true, m: tokens, n: width, k: rows.count, gs.base, stride: paddedTokens,
        q + rows.lowerBound * stride, stride: stride, adding: first, to: gk, stride: step)
      withExtendedLifetime((p, used, gs)) {}
    }
  }
}
