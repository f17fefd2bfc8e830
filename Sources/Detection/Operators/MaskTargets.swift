import CKernels
import Masks
import Tensors

/// What the mask head should say of each box (mmdetection's `mask_target`).
///
/// The box is cut to the image. Of a bitmap: RoIAlign (aligned, ceil(bin side) samples an axis), and 1 where it is 0.5
/// or more. Polygons are moved and scaled with the box, and drawn at the target's size.
///
/// - Parameters:
///   - boxes: In pixels of the masks.
///   - masks: Of the objects, all of one size.
///   - assigned: The object of each box.
///   - size: The side of a target.
/// - Returns: `[boxes.count, size, size]`, 0 or 1.
public func maskTargets(for boxes: Boxes, masks: [ObjectMask], assigned: [Int], size: Int) -> [Float] {
  require(boxes.count == assigned.count, "\(boxes.count) boxes and \(assigned.count) objects for them")
  let pixels = size * size
  return [Float](unsafeUninitializedCapacity: boxes.count * pixels) { buffer, count in
    for index in 0..<boxes.count {
      let mask = masks[assigned[index]]
      let box = Boxes(Array(boxes.values[(4 * index)..<(4 * index + 4)]))
        .clipped(width: Float(mask.width), height: Float(mask.height))
      let target = UnsafeMutableBufferPointer(rebasing: buffer[count..<count + pixels])
      switch mask {
      case .bitmap(let bitmap) where bitmap.pixels.isEmpty: target.update(repeating: 0)
      case .bitmap(let bitmap):
        dp_mask_target(
          bitmap.pixels, Int64(bitmap.height), Int64(bitmap.width), box.values, Int64(size),
          target.baseAddress)
      case .polygons(let polygons):
        _ = target.update(
          fromContentsOf: polygons.drawn(in: box[0], size: size).bitmap.pixels.map(Float.init))
      }
      count += pixels
    }
  }
}
