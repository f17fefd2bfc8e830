import CKernels

/// Cuts regions of interest out of feature maps and brings them to one size (He et al., "Mask R-CNN", 2017;
/// mmcv's `roi_align` with `aligned`).
///
/// A side, coordinate * spatialScale - 0.5, is cut into bins; each gives the mean of bilinear samples. A sample
/// below -1 or above the map's size counts as 0; others are clamped into the map.
///
/// - Parameters:
///   - features: `[B, H, W, C]`.
///   - boxes: x1, y1, x2, y2 of each region in pixels; no gradient goes to them.
///   - batchIndices: The image of each region.
///   - outputSize: Bins of a region.
///   - spatialScale: Features a pixel: 1 / stride.
///   - samplingRatio: Samples in a bin along an axis; one a feature, rounded up, where it is not positive.
///   - isAligned: Whether a feature lies at its centre; without (torchvision's detectors), a side is
///     coordinate * spatialScale, and a region at least one feature wide and high.
/// - Returns: `[R, height, width, C]`.
public func roiAlign(
  _ features: Tensor, boxes: [Float], batchIndices: [Int], outputSize: (height: Int, width: Int),
  spatialScale: Float, samplingRatio: Int = 0, isAligned: Bool = true
) -> Tensor {
  require(
    features.rank == 4 && boxes.count == 4 * batchIndices.count,
    "roiAlign of features \(features.shape) with \(boxes.count) coordinates, \(batchIndices.count) regions")
  require(
    batchIndices.allSatisfy { (0..<features.shape[0]).contains($0) },
    "roiAlign of features \(features.shape) with images \(batchIndices)")
  require(
    outputSize.height > 0 && outputSize.width > 0, "roiAlign to \(outputSize)")
  let regions = RegionsOfInterest(
    geometry: dp_roi_align(
      height: features.shape[1], width: features.shape[2], channels: features.shape[3],
      outputHeight: outputSize.height, outputWidth: outputSize.width, samplingRatio: samplingRatio,
      spatialScale: spatialScale, aligned: isAligned ? 1 : 0),
    boxes: boxes, images: batchIndices)
  return Tensor.operation("roiAlign", of: [features]) {
    let y = Tensor.uninitialized([
      batchIndices.count, outputSize.height, outputSize.width, features.shape[3],
    ])
    regions.forward(features.storage, to: y.storage)
    let (shape, source) = (features.shape, features.node)
    return (
      y,
      { gradient in
        let gx = source?.takeSum() ?? .zeros(shape)
        regions.backward(gradient.storage, images: shape[0], to: gx.storage)
        return [gx]
      }
    )
  }
}

private struct RegionsOfInterest: Sendable {
  let geometry: dp_roi_align
  let boxes: [Float]
  let images: [Int]

  private var imageCount: Int { geometry.height * geometry.width * geometry.channels }
  private var regionCount: Int { geometry.outputHeight * geometry.outputWidth * geometry.channels }

  /// Runs `body` with room for a region's weights and ranges.
  private func withRoom(
    _ body: (inout dp_roi_align, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Int>) -> Void
  ) {
    var geometry = geometry
    withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, dp_roi_align_weights(&geometry))) {
      weights in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: dp_roi_align_ranges(&geometry)) { ranges in
        guard let weights = weights.baseAddress, let ranges = ranges.baseAddress else { return }
        body(&geometry, weights, ranges)
      }
    }
  }

  func forward(_ features: TensorStorage, to y: TensorStorage) {
    parallel(over: images.count, grain: max(1, (1 << 12) / max(1, regionCount))) { range in
      withRoom { geometry, weights, ranges in
        for region in range {
          dp_roi_align_forward(
            &geometry, features.base + images[region] * imageCount, Array(boxes[4 * region..<4 * region + 4]),
            weights, ranges, y.base + region * regionCount)
        }
      }
    }
  }

  /// Each piece owns some channels of an image and takes the regions in their order.
  func backward(_ gy: TensorStorage, images count: Int, to gx: TensorStorage) {
    parallelOverImages(count, channels: geometry.channels) { image, channels in
      withRoom { geometry, weights, ranges in
        for region in images.indices where images[region] == image {
          dp_roi_align_backward(
            &geometry, gy.base + region * regionCount, Array(boxes[4 * region..<4 * region + 4]), weights,
            ranges,
            channels.lowerBound, channels.upperBound, gx.base + image * imageCount)
        }
      }
    }
  }
}
