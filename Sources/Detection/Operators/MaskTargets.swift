import CKernels
import Masks

/// What the mask head should say of each box (mmdetection's `mask_target` on bitmaps).
///
/// The box is cut to the image; then RoIAlign (aligned, ceil(bin side) samples an axis) of the object's bitmap, and 1
/// where it is 0.5 or more.
///
/// - Parameters:
///   - boxes: In pixels of the bitmaps.
///   - masks: Of the objects, all of one size.
///   - assigned: The object of each box.
///   - size: The side of a target.
/// - Returns: `[boxes.count, size, size]`, 0 or 1.
public func maskTargets(for boxes: Boxes, masks: [Bitmap], assigned: [Int], size: Int) -> [Float] {
  precondition(boxes.count == assigned.count, "\(boxes.count) boxes and \(assigned.count) objects for them")
  let pixels = size * size
  return [Float](unsafeUninitializedCapacity: boxes.count * pixels) { buffer, count in
    for index in 0..<boxes.count {
      let mask = masks[assigned[index]]
      let box = Boxes(Array(boxes.values[(4 * index)..<(4 * index + 4)]))
        .clipped(width: Float(mask.width), height: Float(mask.height))
      if mask.pixels.isEmpty {
        buffer[count..<count + pixels].update(repeating: 0)
      } else {
        dp_mask_target(
          mask.pixels, Int64(mask.height), Int64(mask.width), box.values, Int64(size),
          buffer.baseAddress.map { $0 + count })
      }
      count += pixels
    }
  }
}
