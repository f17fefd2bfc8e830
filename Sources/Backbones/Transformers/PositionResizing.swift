import Tensors

/// Bicubic resizing of positions on a grid, as PyTorch's `interpolate` does it without aligned corners.
///
/// It is linear, so it is two products with matrices, which gradients pass.
struct PositionResizing: Sendable {
  /// Whether a smaller grid is made through a wider window (timm): the cubic then has a = -0.5 and its weights sum to 1
  /// inside the grid. Without, a = -0.75, four neighbours, those outside the grid being the nearest inside.
  var antialias = false

  /// A table `[..., h * w, C]` for the grid h x w at another size.
  ///
  /// - Returns: `[height * width, C]`.
  func callAsFunction(_ table: Tensor, from old: (height: Int, width: Int), to new: (height: Int, width: Int))
    -> Tensor
  {
    let channels = table.shape[table.rank - 1]
    let rows = matmul(
      weights(from: old.height, to: new.height), table.reshaped([old.height, old.width * channels]))
    let columns = matmul(
      weights(from: old.width, to: new.width), rows.reshaped([new.height, old.width, channels]))
    return columns.reshaped([new.height * new.width, channels])
  }

  /// `[new, old]`: what each old place gives to each new one.
  private func weights(from old: Int, to new: Int) -> Tensor {
    var values = [Float](repeating: 0, count: new * old)
    let ratio = Double(old) / Double(new)
    for place in 0..<new {
      let centre = (Double(place) + 0.5) * ratio
      var taps: [(index: Int, weight: Double)] = []
      if antialias {
        let stretch = max(1, ratio)
        let first = max(0, Int(centre - 2 * stretch + 0.5))
        let end = min(old, Int(centre + 2 * stretch + 0.5))
        for index in first..<end {
          taps.append((index, Self.cubic((Double(index) - centre + 0.5) / stretch, -0.5)))
        }
        let sum = taps.reduce(0) { $0 + $1.weight }
        taps = taps.map { ($0.index, sum == 0 ? 0 : $0.weight / sum) }
      } else {
        let position = centre - 0.5
        let first = position.rounded(.down)
        for offset in -1...2 {
          let index = Int(first) + offset
          taps.append(
            (min(max(index, 0), old - 1), Self.cubic(position - first - Double(offset), -0.75)))
        }
      }
      for tap in taps { values[place * old + tap.index] += Float(tap.weight) }
    }
    return Tensor(values, shape: [new, old])
  }

  /// Keys' cubic (1981).
  private static func cubic(_ distance: Double, _ a: Double) -> Double {
    let x = abs(distance)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return ((x - 5) * x + 8) * x * a - 4 * a }
    return 0
  }
}
