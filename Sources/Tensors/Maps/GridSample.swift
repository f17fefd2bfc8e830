import CKernels

/// Bilinear samples of feature maps at the positions of a grid (Jaderberg et al., "Spatial Transformer Networks",
/// 2015; PyTorch's `grid_sample` with zeros outside of the map).
///
/// - Parameters:
///   - x: `[B, H, W, C]`.
///   - grid: `[B, H', W', 2]`: column and row of each sample, from -1 to 1 over the map. It gets a gradient too.
///   - alignCorners: Whether -1 and 1 are the centres of the outermost pixels, or else their outer edges.
/// - Returns: `[B, H', W', C]`.
public func gridSample(_ x: Tensor, grid: Tensor, alignCorners: Bool = false) -> Tensor {
  require(
    x.rank == 4 && grid.rank == 4 && grid.shape[0] == x.shape[0] && grid.shape[3] == 2,
    "gridSample of x \(x.shape) at the grid \(grid.shape)")
  let (images, channels) = (x.shape[0], x.shape[3])
  let samples = grid.shape[1] * grid.shape[2]
  let geometry = GridGeometry(
    height: x.shape[1], width: x.shape[2], channels: channels, alignCorners: alignCorners)
  let pixels = geometry.height * geometry.width * channels
  let grain = max(1, (1 << 12) / max(1, channels))
  return Tensor.operation("gridSample", of: [x, grid]) {
    let y = Tensor.uninitialized([images, grid.shape[1], grid.shape[2], channels])
    let (source, positions, result) = (x.storage, grid.storage, y.storage)
    for image in 0..<images {
      parallel(over: samples, grain: grain) { range in
        var kernels = geometry.kernels
        let start = image * samples + range.lowerBound
        dp_grid_sample_forward(
          &kernels, source.base + image * pixels, positions.base + 2 * start, range.count,
          result.base + start * channels)
      }
    }
    let (shape, gridShape) = (x.shape, grid.shape)
    let (needsX, needsGrid) = (x.needsGradient, grid.needsGradient)
    let kept = needsGrid ? source : nil
    return (
      y,
      { gradient in
        let g = gradient.storage
        var gradients: [Tensor?] = [nil, nil]
        if needsX {
          let gx = Tensor.filled(0, shape: shape)
          let sums = gx.storage
          parallelOverImages(images, channels: channels) { image, range in
            var kernels = geometry.kernels
            dp_grid_sample_backward(
              &kernels, g.base + image * samples * channels, positions.base + 2 * image * samples, samples,
              range.lowerBound, range.upperBound, sums.base + image * pixels)
          }
          gradients[0] = gx
        }
        if let kept {
          let ggrid = Tensor.uninitialized(gridShape)
          let output = ggrid.storage
          for image in 0..<images {
            parallel(over: samples, grain: grain) { range in
              var kernels = geometry.kernels
              let start = image * samples + range.lowerBound
              dp_grid_sample_positions_backward(
                &kernels, kept.base + image * pixels, g.base + start * channels,
                positions.base + 2 * start, range.count, output.base + 2 * start)
            }
          }
          gradients[1] = ggrid
        }
        return gradients
      }
    )
  }
}

/// The map that is sampled, and how positions become pixels.
private struct GridGeometry: Sendable {
  let height, width, channels: Int
  let alignCorners: Bool

  var kernels: dp_grid_sample {
    // -1 ... 1 covers the pixels' centres 0 ... size - 1, or their edges -0.5 ... size - 0.5.
    func scale(_ size: Int) -> Float { Float(alignCorners ? size - 1 : size) / 2 }
    func offset(_ size: Int) -> Float { Float(size - 1) / 2 }
    return dp_grid_sample(
      height: height, width: width, channels: channels, scaleX: scale(width), offsetX: offset(width),
      scaleY: scale(height), offsetY: offset(height))
  }
}
