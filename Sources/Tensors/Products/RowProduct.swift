import CKernels

/// The product of rows with one factor: y `[rows, outputs]` = x `[rows, inputs]` f, f `[inputs, outputs]`.
///
/// A row has the same bits among any others, and wherever the work is cut: each number is summed in an order that
/// depends on `inputs` alone. OpenBLAS promises no such thing, as it chooses other kernels for other heights. The factor is
/// packed once for all rows, however few an image has of them.
struct RowProduct: Sendable {
  let inputs, outputs: Int

  /// Numbers of a packed factor.
  var packedCount: Int { inputs * dp_packed_width(outputs) }
  private var panels: Int { dp_packed_panels(outputs) }

  /// Packs a factor `[inputs, outputs]`, or `[outputs, inputs]` when it is transposed, on the calling thread.
  func pack(
    _ factor: UnsafePointer<Float>, stride: Int, transposed: Bool, to packed: UnsafeMutablePointer<Float>
  ) {
    dp_pack_factor(packed, 0, panels, factor, stride, transposed ? 1 : 0, outputs, inputs)
  }

  /// The same with all threads.
  ///
  /// - Parameter offset: Where the factor begins; `factor` must outlive the call, which waits for its pieces.
  func packed(
    _ factor: TensorStorage, at offset: Int = 0, stride: Int, transposed: Bool
  ) -> TensorStorage {
    let packed = TensorStorage(count: packedCount, for: "the weights of a product")
    parallel(over: panels, grain: max(1, (1 << 10) / max(1, inputs))) { range in
      dp_pack_factor(
        packed.base, range.lowerBound, range.upperBound, factor.base + offset, stride, transposed ? 1 : 0,
        outputs, inputs)
    }
    return packed
  }

  /// Some rows on the calling thread.
  ///
  /// - Parameter bias: What each row of y starts from, `[outputs]`; zero without.
  func multiply(
    rows: Int, _ x: UnsafePointer<Float>, stride: Int, _ packed: UnsafePointer<Float>,
    bias: UnsafePointer<Float>? = nil, to y: UnsafeMutablePointer<Float>, stride width: Int
  ) {
    let scratch = TensorStorage(count: dp_row_product_scratch(), for: "the rows of a product")
    multiply(
      rows: rows, x, stride: stride, packed, panels: 0..<panels, bias: bias, to: y, stride: width,
      scratch: scratch.base)
    withExtendedLifetime(scratch) {}
  }

  private func multiply(
    rows: Int, _ x: UnsafePointer<Float>, stride: Int, _ packed: UnsafePointer<Float>, panels: Range<Int>,
    bias: UnsafePointer<Float>?, to y: UnsafeMutablePointer<Float>, stride width: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    guard inputs > 0 else {
      for row in 0..<rows {
        if let bias {
          (y + row * width).update(from: bias, count: outputs)
        } else {
          (y + row * width).update(repeating: 0, count: outputs)
        }
      }
      return
    }
    dp_row_product(
      y, width, x, stride, rows, packed, panels.lowerBound, panels.upperBound, outputs, inputs, bias, scratch)
  }

  /// What is made of a stretch of y as soon as it is computed: z is where it lies, `start` where it belongs in
  /// `[rows, outputs]`.
  typealias Finish = @Sendable (_ z: UnsafePointer<Float>, _ start: Int, _ count: Int) -> Void

  /// Rows that a thread finishes before it goes on: their results are still in its cache.
  static let rowsAtOnce = 192
  private static let mostPieces = 128

  /// What is done to rows of x just before they are read, of all those of one height of the cut one after the other.
  typealias Begin = @Sendable (_ height: Int, _ rows: Range<Int>, _ isFirst: Bool) -> Void

  /// How rows and outputs are cut, by the sizes alone. Enough for many threads: wherever it is cut, the bits are the same.
  private func cut(rows: Int) -> (heights: Int, widths: Int) {
    let wanted = max(1, min(Self.mostPieces, (rows * outputs * inputs) >> 18))
    // A piece packs the rows that it reads, which has to pay; but sixteen threads shall have one each.
    let cuts = [(96, 6), (48, 6), (48, 3)].map { least, panels in
      let heights = max(1, min(rows / least, wanted))
      return (heights: heights, widths: max(1, min(self.panels / panels, wanted / heights)))
    }
    return cuts.first { $0.heights * $0.widths >= min(16, wanted) } ?? cuts[2]
  }

  /// How many heights the rows are cut into where each row is read by one piece; nil where several do so.
  func heightsReadOnce(rows: Int) -> Int? {
    let (heights, widths) = cut(rows: rows)
    return widths == 1 && rows > 0 && outputs > 0 ? heights : nil
  }

  /// All rows with all threads: x `[rows, inputs]` and y `[rows, outputs]` without gaps, which begin at `offsets`.
  ///
  /// - Parameters:
  ///   - norm: What writes a norm of rows of x, which the product takes in their place.
  ///   - y: nil when nothing is needed but what `finish` makes.
  ///   - begin: Only where `heightsReadOnce` says that each row is read once.
  func parallelMultiply(
    rows: Int, _ x: TensorStorage, _ packed: TensorStorage, after norm: PrecedingNorm.Writing? = nil,
    bias: TensorStorage? = nil, to y: TensorStorage?, offsets: (x: Int, y: Int) = (0, 0),
    begin: Begin? = nil, finish: Finish? = nil
  ) {
    guard Computation.isOn, rows > 0, outputs > 0 else { return }
    let (heights, widths) = cut(rows: rows)
    if let norm, widths > 1 {
      // Rows that several pieces read are made once.
      return parallelMultiply(
        rows: rows, normalised(rows: rows, norm), packed, bias: bias, to: y, offsets: (0, offsets.y),
        finish: finish)
    }
    let scratchCount = dp_row_product_scratch()
    parallel(heights * widths) { [outputs, inputs, panels] piece in
      let (height, width) = piece.quotientAndRemainder(dividingBy: widths)
      let (first, end) = (rows * height / heights, rows * (height + 1) / heights)
      let own = panels * width / widths..<panels * (width + 1) / widths
      let columns = own.lowerBound * DP_PANEL..<min(outputs, own.upperBound * DP_PANEL)
      let scratch = TensorStorage(count: scratchCount, for: "the rows of a product")
      let block =
        y == nil
        ? TensorStorage(count: min(Self.rowsAtOnce, end - first) * outputs, for: "the rows of a product")
        : nil
      let most = min(Self.rowsAtOnce, end - first)
      let normal = norm.map { _ in
        TensorStorage(count: most * (inputs + 2), for: "the normalised rows of a product")
      }
      for start in stride(from: first, to: end, by: Self.rowsAtOnce) {
        let count = min(Self.rowsAtOnce, end - start)
        begin?(height, start..<start + count, start == first)
        guard let z = block?.base ?? y.map({ $0.base + offsets.y + start * outputs }) else { return }
        if let norm, let normal {
          norm(start..<start + count, normal.base, normal.base + most * inputs)
        }
        multiply(
          rows: count, normal?.base ?? x.base + offsets.x + start * inputs, stride: inputs, packed.base,
          panels: own, bias: bias?.base, to: z, stride: outputs, scratch: scratch.base)
        guard let finish else { continue }
        if widths == 1 {
          finish(z, start * outputs, count * outputs)
        } else {
          for row in 0..<count {
            finish(
              z + row * outputs + columns.lowerBound, (start + row) * outputs + columns.lowerBound,
              columns.count)
          }
        }
      }
      withExtendedLifetime((scratch, block, normal)) {}
    }
  }

  private func normalised(rows: Int, _ norm: @escaping PrecedingNorm.Writing) -> TensorStorage {
    let result = TensorStorage(count: rows * inputs, for: "the normalised rows of a product")
    let statistics = TensorStorage(count: 2 * rows, for: "the statistics of a norm")
    parallel(over: rows, grain: max(1, (1 << 14) / max(1, inputs))) { [inputs] range in
      norm(range, result.base + range.lowerBound * inputs, statistics.base + 2 * range.lowerBound)
    }
    return result
  }

  /// The same with a factor that is packed for this call.
  func parallelMultiply(
    rows: Int, _ x: TensorStorage, _ factor: TensorStorage, stride: Int, transposed: Bool,
    bias: TensorStorage? = nil, to y: TensorStorage?, begin: Begin? = nil, finish: Finish? = nil
  ) {
    guard Computation.isOn, rows > 0, outputs > 0 else { return }
    parallelMultiply(
      rows: rows, x, packed(factor, stride: stride, transposed: transposed), bias: bias, to: y, begin: begin,
      finish: finish)
  }
}
