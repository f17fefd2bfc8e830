import Tensors

/// The images of a training batch, and what each of them shows.
public struct ClassifiedBatch {
  /// Normalised, `[B, H, W, C]`.
  public var images: Tensor
  /// The share of each class, `[B, classes]`; a row adds up to 1.
  public var targets: Tensor

  /// Images with the share of each class.
  public init(images: Tensor, targets: Tensor) { (self.images, self.targets) = (images, targets) }

  /// Images of one class each.
  ///
  /// - Parameters:
  ///   - images: Normalised, `[B, H, W, C]`.
  ///   - labels: The class of each image, `0 ..< classes`.
  ///   - classes: How many there are.
  ///   - smoothing: The part of a target that goes to all classes alike.
  public init(images: Tensor, labels: [Int32], classes: Int, smoothing: Float = 0) {
    var targets = [Float](repeating: smoothing / Float(max(1, classes)), count: labels.count * classes)
    for (row, label) in labels.enumerated() where (0..<classes).contains(Int(label)) {
      targets[row * classes + Int(label)] += 1 - smoothing
    }
    self.init(images: images, targets: Tensor(targets, shape: [labels.count, classes]))
  }

  /// The batch in which every image is mixed with its partner: image i with image n - 1 - i, both as they came in, as timm
  /// pairs them. The order of training data is random already.
  ///
  /// - Parameter mixtures: One an image.
  public func mixed(by mixtures: [Mixture]) -> ClassifiedBatch {
    let count = images.shape[0]
    let (source, targets) = (images.values, targets.values)
    var (pixels, shares) = (source, targets)
    let row = images.shape.count == 4 ? images.shape[2] * images.shape[3] : 0
    let size = source.count / max(1, count)
    let classes = targets.count / max(1, count)
    for (own, mixture) in zip(0..<count, mixtures) {
      let partner = count - 1 - own
      let (keep, give) = (mixture.share, 1 - mixture.share)
      if let patch = mixture.patch {
        let channels = images.shape[3]
        for y in patch.rows {
          let line = y * row + patch.columns.lowerBound * channels
          let length = patch.columns.count * channels
          pixels.replaceSubrange(
            (own * size + line)..<(own * size + line + length),
            with: source[(partner * size + line)..<(partner * size + line + length)])
        }
      } else if give > 0 {
        for place in 0..<size {
          pixels[own * size + place] =
            keep * source[own * size + place] + give * source[partner * size + place]
        }
      }
      for label in 0..<classes {
        shares[own * classes + label] =
          keep * targets[own * classes + label] + give * targets[partner * classes + label]
      }
    }
    return ClassifiedBatch(
      images: Tensor(pixels, shape: images.shape), targets: Tensor(shares, shape: self.targets.shape))
  }
}

/// What becomes of an image and its partner.
public struct Mixture: Hashable, Sendable {
  /// A rectangle of pixels.
  public struct Patch: Hashable, Sendable {
    /// Its rows and columns.
    public var rows, columns: Range<Int>

    /// Rows and columns of an image.
    public init(rows: Range<Int>, columns: Range<Int>) { (self.rows, self.columns) = (rows, columns) }

    /// A rectangle around a pixel, as far as it lies within the image. Of an odd side the larger part is below and right.
    public init(
      centre: (row: Int, column: Int), height: Int, width: Int, imageHeight: Int, imageWidth: Int
    ) {
      func side(_ centre: Int, _ side: Int, _ limit: Int) -> Range<Int> {
        let start = min(max(0, centre - side / 2), limit)
        return start..<max(start, min(centre + (side + 1) / 2, limit))
      }
      rows = side(centre.row, height, imageHeight)
      columns = side(centre.column, width, imageWidth)
    }
  }

  /// The image's own share of the target, 0 to 1.
  public var share: Float
  /// Where the partner's pixels stand; nil: both are blended over the whole image by their shares.
  public var patch: Patch?

  /// Mixup: both images blended.
  public static func blend(share: Double) -> Mixture { Mixture(share: Float(share), patch: nil) }

  /// CutMix: the partner's pixels around a centre, in a rectangle of the image's proportions that would fill 1 - `share`.
  ///
  /// - Parameters:
  ///   - share: The image's own share of the target, 0 to 1.
  ///   - centre: In pixels.
  ///   - height: Of the image, in pixels.
  ///   - width: The same.
  ///   - isCorrected: Whether the target has the share that is left after the rectangle was cut at the border.
  public static func patch(
    share: Double, centre: (row: Int, column: Int), height: Int, width: Int, isCorrected: Bool = true
  ) -> Mixture {
    let ratio = max(0, 1 - share).squareRoot()
    let patch = Patch(
      centre: centre, height: Int(Double(height) * ratio), width: Int(Double(width) * ratio),
      imageHeight: height, imageWidth: width)
    return .patch(patch, share: share, height: height, width: width, isCorrected: isCorrected)
  }

  static func patch(
    _ patch: Patch, share: Double, height: Int, width: Int, isCorrected: Bool
  ) -> Mixture {
    let covered = Double(patch.rows.count * patch.columns.count) / Double(max(1, height * width))
    return Mixture(share: Float(isCorrected ? 1 - covered : share), patch: patch)
  }
}
