import CKernels
import Imaging
import Masks
import Tensors

/// Puts masks of a box each into their image (mmdetection's `_do_paste_mask`).
///
/// Every pixel centre is a bilinear sample of the mask stretched over the box, with zeros outside. As mmdetection
/// does on a CPU, only the box and one pixel around it are looked at.
///
/// - Parameters:
///   - probabilities: `[boxes.count, side, side]`, 0 ... 1.
///   - side: Rows and columns of a mask.
///   - boxes: In pixels of the image.
///   - size: Of the image, in pixels.
///   - threshold: Probabilities from here on are inside.
/// - Returns: For each box its window of the image.
public func pasteMasks(
  _ probabilities: [Float], side: Int, boxes: Boxes, into size: ImageSize, threshold: Float
) -> [MaskWindow] {
  require(
    probabilities.count == boxes.count * side * side,
    "\(probabilities.count) probabilities for \(boxes.count) masks [\(side), \(side)]")
  return (0..<boxes.count).map { index in
    let box = boxes[index]
    let columns = pixels(around: box[0], box[2], within: size.width)
    let rows = pixels(around: box[1], box[3], within: size.height)
    let soft = pastedProbabilities(
      probabilities[(index * side * side)..<((index + 1) * side * side)], side: side, box: box, rows: rows,
      columns: columns)
    let hard = [UInt8](unsafeUninitializedCapacity: soft.count) { buffer, count in
      if !soft.isEmpty { dp_mask_threshold(soft, Int64(soft.count), threshold, buffer.baseAddress) }
      count = soft.count
    }
    let window = Bitmap(height: rows.count, width: columns.count, pixels: hard)
    return MaskWindow(
      window, x: columns.lowerBound, y: rows.lowerBound, height: size.height, width: size.width)
  }
}

/// The pixels that a box touches on an axis, and one more at either side.
private func pixels(around low: Float, _ high: Float, within extent: Int) -> Range<Int> {
  func pixel(_ place: Float) -> Int { Int(min(max(place, 0), Float(extent))) }
  // A box that is not a number holds no pixel.
  let first = low.isNaN ? extent : pixel(low.rounded(.down) - 1)
  let last = high.isNaN ? first : pixel(high.rounded(.up) + 1)
  return first..<max(first, last)
}

/// A mask over a box, sampled at the centres of some pixels of the image, `[rows, columns]`.
package func pastedProbabilities(
  _ mask: ArraySlice<Float>, side: Int, box: SIMD4<Float>, rows: Range<Int>, columns: Range<Int>
) -> [Float] {
  let total = rows.count * columns.count
  guard total > 0 else { return [] }
  let across = columns.map { tap(at: $0, from: box[0], to: box[2], side: side) }
  let down = rows.map { tap(at: $0, from: box[1], to: box[3], side: side) }
  var line = [Float](repeating: 0, count: side)
  return mask.withUnsafeBufferPointer { mask in
    [Float](unsafeUninitializedCapacity: total) { buffer, count in
      dp_mask_paste(
        mask.baseAddress, Int64(side), down, Int64(down.count), across, Int64(across.count), &line,
        buffer.baseAddress)
      count = total
    }
  }
}

/// Where the centre of a pixel reads a mask that lies between two coordinates (PyTorch's `grid_sample`,
/// `align_corners` false).
private func tap(at pixel: Int, from low: Float, to high: Float, side: Int) -> dp_mask_tap {
  var grid = (Float(pixel) + 0.5 - low) / (high - low) * 2 - 1
  if grid.isInfinite { grid = 0 }
  let place = ((grid + 1) * Float(side) - 1) / 2
  guard place > -1, place < Float(side) else {
    return dp_mask_tap(low: 0, high: 0, low_weight: 0, high_weight: 0)
  }
  let first = Int(place.rounded(.down))
  let weight = place - Float(first)
  return dp_mask_tap(
    low: Int32(max(first, 0)), high: Int32(min(first + 1, side - 1)), low_weight: first < 0 ? 0 : 1 - weight,
    high_weight: first + 1 < side ? weight : 0)
}
