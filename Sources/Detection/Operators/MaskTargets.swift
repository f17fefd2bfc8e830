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
      case _ where mask.height == 0 || mask.width == 0: target.update(repeating: 0)
      case .bitmap(let bitmap):
        draw(bitmap, x: 0, y: 0, of: mask, box.values, size: size, into: target)
      case .window(let window):
        draw(window.window, x: window.x, y: window.y, of: mask, box.values, size: size, into: target)
      case .polygons(let polygons):
        _ = target.update(
          fromContentsOf: polygons.drawn(in: box[0], size: size).bitmap.pixels.map(Float.init))
      }
      count += pixels
    }
  }
}

/// Draws one target from the pixels of a mask that are held; their corner lies at (x, y).
private func draw(
  _ pixels: Bitmap, x: Int, y: Int, of mask: ObjectMask, _ box: [Float], size: Int,
  into target: UnsafeMutableBufferPointer<Float>
) {
  let window = dp_mask_window(
    x: Int64(x), y: Int64(y), height: Int64(pixels.height), width: Int64(pixels.width))
  dp_mask_target(
    pixels.pixels, window, Int64(mask.height), Int64(mask.width), box, Int64(size), target.baseAddress)
}
