/// Products of matrices: op(a) op(b) for each batch (PyTorch's `matmul`).
///
/// - Parameters:
///   - a: `[..., M, K]`, or `[..., K, M]` when transposed.
///   - b: `[..., K, N]`, or `[..., N, K]` when transposed. The leading axes of both broadcast.
///   - transposingA: Whether op swaps the last two axes of `a`; nothing is copied.
///   - transposingB: The same for `b`.
/// - Returns: `[..., M, N]`.
public func matmul(
  _ a: Tensor, _ b: Tensor, transposingA: Bool = false, transposingB: Bool = false
) -> Tensor {
  require(a.rank >= 2 && b.rank >= 2, "matmul of a \(a.shape) and b \(b.shape)")
  let (rowsA, columnsA) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
  let (rowsB, columnsB) = (b.shape[b.rank - 2], b.shape[b.rank - 1])
  let (m, k) = transposingA ? (columnsA, rowsA) : (rowsA, columnsA)
  let (inner, n) = transposingB ? (columnsB, rowsB) : (rowsB, columnsB)
  require(
    k == inner,
    "matmul of a \(a.shape)\(transposingA ? " transposed" : "") and b \(b.shape)"
      + (transposingB ? " transposed" : ""))
  let batches = broadcastShape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
  OperationCounter.current?.add(.matmul, a.count, n)
  return Tensor.operation("matmul", of: [a, b]) {
    let y = Tensor.uninitialized(batches + [m, n])
    let left = Matrices(a, batches: batches)
    let right = Matrices(b, batches: batches)
    let result = Matrices(y, batches: batches)
    result.set(to: left, transposed: transposingA, times: right, transposed: transposingB)
    let (needsA, needsB) = (a.needsGradient, b.needsGradient)
    let (aShape, bShape) = (a.shape, b.shape)
    let (keptA, keptB) = (needsB ? left : nil, needsA ? right : nil)
    return (
      y,
      { gradient in
        let g = Matrices(gradient, batches: batches)
        var gradients: [Tensor?] = [nil, nil]
        if let keptB {
          let ga = Tensor.uninitialized(aShape)
          let target = Matrices(ga, batches: batches)
          if transposingA {
            target.set(to: keptB, transposed: transposingB, times: g, transposed: true)
          } else {
            target.set(to: g, transposed: false, times: keptB, transposed: !transposingB)
          }
          gradients[0] = ga
        }
        if let keptA {
          let gb = Tensor.uninitialized(bShape)
          let target = Matrices(gb, batches: batches)
          if transposingB {
            target.set(to: g, transposed: true, times: keptA, transposed: transposingA)
          } else {
            target.set(to: keptA, transposed: !transposingA, times: g, transposed: false)
          }
          gradients[1] = gb
        }
        return gradients
      }
    )
  }
}

/// The matrices of a tensor over its last two axes, one for each of some batches that its leading axes broadcast to.
private struct Matrices: Sendable {
  let storage: TensorStorage
  let rows, columns: Int
  /// Which of the tensor's matrices each batch sees.
  let indices: [Int]
  /// How many matrices the tensor has.
  let count: Int

  init(_ x: Tensor, batches: [Int]) {
    storage = x.storage
    rows = x.shape[x.rank - 2]
    columns = x.shape[x.rank - 1]
    let own = Array(x.shape.dropLast(2))
    count = own.product
    let lead = batches.count - own.count
    let strides = rowMajorStrides(own)
    var found = [0]
    for (axis, extent) in batches.enumerated() {
      let step = axis < lead || own[axis - lead] == 1 ? 0 : strides[axis - lead]
      found = found.flatMap { start in (0..<extent).map { start + $0 * step } }
    }
    indices = found
  }

  private var size: Int { rows * columns }

  /// Each matrix becomes the sum of op(a) op(b) over the batches that see it, in their order.
  func set(to a: Matrices, transposed transposesA: Bool, times b: Matrices, transposed transposesB: Bool) {
    guard Computation.isOn else { return }
    let k = transposesA ? a.rows : a.columns
    if !transposesA, b.count == 1, count == indices.count, a.count == count {
      // One matrix for all batches.
      RowProduct(inputs: k, outputs: columns).parallelMultiply(
        rows: count * rows, a.storage, b.storage, stride: max(1, b.columns), transposed: transposesB,
        to: storage)
      return
    }
    if transposesA, !transposesB, count == 1, indices.count > 1, a.count == indices.count,
      b.count == indices.count
    {
      // The sum over the batches is one product over the rows of all.
      BLAS.parallelMultiply(
        transposingA: true, m: rows, n: columns, k: indices.count * k, a.storage, stride: max(1, a.columns),
        b.storage, stride: max(1, b.columns), to: storage, stride: max(1, columns))
      return
    }
    var users = [[Int]](repeating: [], count: count)
    for (batch, index) in indices.enumerated() { users[index].append(batch) }
    // How a matrix is computed does not depend on how many there are.
    let (work, product) = (rows * columns * k, RowProduct(inputs: k, outputs: columns))
    if work < 1 << 23 {
      let grain = (1 << 19) / max(1, work * max(1, indices.count / max(1, count)))
      parallel(over: count, grain: max(1, grain)) { [users] range in
        let packed = transposesA ? nil : TensorStorage(count: product.packedCount, for: "a product")
        for index in range {
          let target = storage.base + index * size
          if users[index].isEmpty { target.update(repeating: 0, count: size) }
          for (place, batch) in users[index].enumerated() {
            let left = a.storage.base + a.indices[batch] * a.size
            let right = b.storage.base + b.indices[batch] * b.size
            if let packed, users[index].count == 1 {
              product.pack(right, stride: max(1, b.columns), transposed: transposesB, to: packed.base)
              product.multiply(
                rows: rows, left, stride: max(1, a.columns), packed.base, to: target, stride: max(1, columns))
            } else {
              BLAS.multiply(
                transposingA: transposesA, transposingB: transposesB, m: rows, n: columns, k: k, left,
                stride: max(1, a.columns), right, stride: max(1, b.columns), adding: place == 0 ? 0 : 1,
                to: target, stride: max(1, columns))
            }
          }
        }
      }
    } else {
      for index in 0..<count {
        if users[index].isEmpty { (storage.base + index * size).update(repeating: 0, count: size) }
        for (place, batch) in users[index].enumerated() {
          let (left, right) = (a.indices[batch] * a.size, b.indices[batch] * b.size)
          if !transposesA, users[index].count == 1 {
            product.parallelMultiply(
              rows: rows, a.storage,
              product.packed(b.storage, at: right, stride: max(1, b.columns), transposed: transposesB),
              to: storage, offsets: (left, index * size))
          } else {
            BLAS.parallelMultiply(
              transposingA: transposesA, transposingB: transposesB, m: rows, n: columns, k: k, a.storage,
              at: left, stride: max(1, a.columns), b.storage, at: right, stride: max(1, b.columns),
              adding: place == 0 ? 0 : 1, to: storage, at: index * size, stride: max(1, columns))
          }
        }
      }
    }
  }
}
