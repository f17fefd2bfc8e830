import Imaging
import Masks

/// Moves of a whole sample: image, boxes, masks and label map together.
extension Sample {
  /// Resampled as OpenCV does it.
  ///
  /// - Parameters:
  ///   - newSize: In pixels; both sides at least 1.
  ///   - interpolation: Of the image; label maps and bitmaps take the nearest pixel.
  ///   - clipsBoxes: Whether boxes are cut to the image.
  public func resized(to newSize: ImageSize, interpolation: Interpolation, clipsBoxes: Bool = true) -> Sample
  {
    resized(to: newSize, resampling: .openCV(interpolation), clipsBoxes: clipsBoxes)
  }

  /// Holds that an image can have a size.
  ///
  /// - Throws: `DataError` where a side vanishes or is too long.
  func requirePossible(_ newSize: ImageSize) throws {
    guard newSize.height > 0, newSize.width > 0 else {
      throw DataError(
        file: imagePath, "an image of \(size) pixels would be resized to \(newSize): one side vanishes")
    }
    guard newSize.height <= ImageLimits.side, newSize.width <= ImageLimits.side,
      newSize.height * newSize.width <= ImageLimits.pixels
    else {
      throw DataError(
        file: imagePath, "an image of \(size) pixels would be resized to \(newSize), which is too large")
    }
  }

  /// Resampled: the image by `resampling`, bitmaps and labels to the nearest; outlines are scaled, and boxes are cut to
  /// the image unless `clipsBoxes` is false. The new size is in pixels; both sides are at least 1.
  public func resized(to newSize: ImageSize, resampling: Resampling, clipsBoxes: Bool = true) -> Sample {
    var result = self
    let x = Float(Double(newSize.width) / Double(max(1, size.width)))
    let y = Float(Double(newSize.height) / Double(max(1, size.height)))
    result.image = image?.resized(height: newSize.height, width: newSize.width, resampling)
    result.labelMap = labelMap?.resizedNearest(height: newSize.height, width: newSize.width)
    if let instances {
      let boxes = instances.boxes.scaled(x: x, y: y)
      result.instances?.boxes =
        clipsBoxes ? boxes.clipped(width: Float(newSize.width), height: Float(newSize.height)) : boxes
      result.instances?.masks = instances.masks?.map {
        $0.resized(height: newSize.height, width: newSize.width)
      }
    }
    result.scaleFactor = ScaleFactor(width: scaleFactor.width * x, height: scaleFactor.height * y)
    result.size = newSize
    return result
  }

  /// Left and right exchanged.
  public func flippedHorizontally() -> Sample {
    var result = self
    result.image = image?.flippedHorizontally()
    result.labelMap = labelMap?.flippedHorizontally()
    if let instances {
      result.instances?.boxes = instances.boxes.flippedHorizontally(width: Float(size.width))
      result.instances?.masks = instances.masks?.map { $0.flippedHorizontally() }
    }
    result.isFlipped.toggle()
    return result
  }

  /// The window whose upper left corner is (top, left), cut to the image. Objects of whose box nothing is left are
  /// gone; what is left of a box is cut to the window unless `clipsBoxes` is false. In pixels of the image as it is now;
  /// the corner has to lie within it.
  public func cropped(top: Int, left: Int, height: Int, width: Int, clipsBoxes: Bool = true) -> Sample {
    var result = self
    let newSize = ImageSize(
      height: max(0, min(height, size.height - top)), width: max(0, min(width, size.width - left)))
    result.image = image?.cropped(top: top, left: left, height: newSize.height, width: newSize.width)
    result.labelMap = labelMap?.cropped(top: top, left: left, height: newSize.height, width: newSize.width)
    if let instances {
      let (right, bottom) = (Float(newSize.width), Float(newSize.height))
      let moved = instances.boxes.shifted(x: -Float(left), y: -Float(top))
      let boxes = clipsBoxes ? moved.clipped(width: right, height: bottom) : moved
      let kept = (0..<boxes.count).filter {
        let box = boxes[$0]
        return box[0] < right && box[1] < bottom && box[2] > 0 && box[3] > 0
      }
      var remaining = instances[kept]
      remaining.boxes = boxes[kept]
      remaining.masks = remaining.masks?.map {
        $0.cropped(x: left, y: top, height: newSize.height, width: newSize.width)
      }
      result.instances = remaining
    }
    result.size = newSize
    return result
  }

  /// Grown to the right and below.
  ///
  /// - Parameters:
  ///   - newSize: In pixels; no side is shorter than now.
  ///   - colour: One number a channel, for constant padding; labels are then of no class.
  ///   - mode: What is in the new part of the image and the label map; masks have background there.
  public func padded(
    to newSize: ImageSize, colour: [UInt8], mode: PaddingMode = .constant
  ) -> Sample {
    var result = self
    result.image = image?.padded(height: newSize.height, width: newSize.width, value: colour, mode: mode)
    result.labelMap = labelMap?.padded(
      height: newSize.height, width: newSize.width, value: labels.ignored, mode: mode)
    result.instances?.masks = instances?.masks?.map {
      $0.padded(height: newSize.height, width: newSize.width)
    }
    result.size = newSize
    return result
  }

  /// Every box replaced by that of its mask; (0, 0, 0, 0) where the mask is empty. Without masks as it is.
  public func withBoxesOfMasks() -> Sample {
    guard let masks = instances?.masks else { return self }
    var result = self
    result.instances?.boxes = Boxes(
      masks.flatMap { mask -> [Float] in
        let bounds = mask.bounds
        return [bounds[0], bounds[1], bounds[2], bounds[3]]
      })
    return result
  }
}
