import Configuration
import Imaging
import Tensors

/// Reads the photograph, blue green red, turned as EXIF says (mmcv's `LoadImageFromFile`).
public struct LoadImageFromFile: Transform, Decodable {
  private enum Colours: String, Decodable, CaseIterable { case color }
  private enum Backend: String, Decodable, CaseIterable { case cv2 }

  enum CodingKeys: String, CodingKey {
    case colorType = "color_type"
    case backend = "imdecode_backend"
    case toFloat32 = "to_float32"
  }

  /// Reads files with OpenCV.
  public init() {}

  /// mmcv's keys; images stay 8-bit.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Colours.self, forKey: .colorType)
    _ = try keys.decodeIfPresent(Backend.self, forKey: .backend)
    if try keys.decodeIfPresent(Bool.self, forKey: .toFloat32) ?? false {
      throw keys.refusal("images are 8-bit until the preprocessor: set it to false", forKey: .toFloat32)
    }
  }

  /// The sample with its image; both sizes are the image's.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    var result = sample
    let (image, doubt) = try Image.decodeThoroughly(file: sample.imagePath)
    result.doubt = doubt.map { ImageFault(file: sample.imagePath, message: $0) }
    if sample.originalSize.height > 0, sample.originalSize != image.size {
      throw DataError(
        file: sample.imagePath,
        "the image has \(image.size) pixels, its annotations are for \(sample.originalSize): "
          + "correct width and height in the annotation file, or replace the image")
    }
    result.image = image
    result.originalSize = image.size
    result.size = image.size
    return result
  }
}
