import Imaging
import Masks

/// Size ratios of an image: as it is now, over the file (mm's `scale_factor`).
public struct ScaleFactor: Hashable, Sendable {
  /// Of widths.
  public var width: Float
  /// Of heights.
  public var height: Float

  /// Ratios of widths and heights.
  public init(width: Float = 1, height: Float = 1) {
    self.width = width
    self.height = height
  }
}

/// One image with what is known of it: what a data set gives, transforms change and a model takes.
public struct Sample: Sendable {
  /// Global number in the run: the key of its random numbers.
  public var number: Int
  /// Place in the data set.
  public var index: Int
  /// The image's number in the annotation file.
  public var imageID: Int
  /// The image file; every error names it.
  public var imagePath: String

  /// The objects as the annotation file describes them.
  public var annotations: [InstanceAnnotation]
  /// The class of the whole image, from 0, where the data set gives it one (mm's `gt_label`).
  public var classLabel: Int?
  /// The file of the label map, if there is one.
  public var labelMapPath: String?
  /// What the numbers in the label map's file stand for.
  public var labels: LabelMeaning
  /// What happens in training when a file of this sample is broken.
  public var onBrokenImage: BrokenImagePolicy
  /// Broken images that training passed over before it came to this one.
  public var skipped: [ImageFault]

  /// What the decoder was in doubt about when it read the image, if anything: it is used all the same.
  public var doubt: ImageFault?

  /// Blue, green, red; nil until loaded.
  public var image: Image?
  /// Of the image in the file (`ori_shape`).
  public var originalSize: ImageSize
  /// Of the image as it is now (`img_shape`).
  public var size: ImageSize
  /// Size now over size in the file.
  public var scaleFactor: ScaleFactor
  /// Whether left and right were exchanged.
  public var isFlipped: Bool

  /// The objects, moved along with the image; nil until loaded.
  public var instances: Instances?
  /// The class of each pixel, or `labels.ignored`, moved along with the image; nil until loaded.
  public var labelMap: LabelMap?

  /// All variants of the image that `TestTimeAug` made, of which this sample is the first; else empty.
  public var variants: [Sample] = []

  /// A sample before its pipeline. Its size is what the annotation file says of the image's, if anything; loading the
  /// image corrects it.
  public init(
    number: Int = 0, index: Int = 0, imageID: Int = 0, imagePath: String,
    size: ImageSize = ImageSize(height: 0, width: 0), annotations: [InstanceAnnotation] = [],
    classLabel: Int? = nil, labelMapPath: String? = nil, labels: LabelMeaning = LabelMeaning(),
    onBrokenImage: BrokenImagePolicy = .stop
  ) {
    self.number = number
    self.index = index
    self.imageID = imageID
    self.imagePath = imagePath
    self.annotations = annotations
    self.classLabel = classLabel
    self.labelMapPath = labelMapPath
    self.labels = labels
    self.onBrokenImage = onBrokenImage
    skipped = []
    originalSize = size
    self.size = size
    scaleFactor = ScaleFactor()
    isFlipped = false
  }
}
