import Tensors

/// Ends a pipeline (mm's `PackInputs`, `PackDetInputs`, `PackSegInputs`): the sample has to be what a model takes.
public struct PackInputs: Transform, Decodable {
  enum CodingKeys: String, CodingKey { case metaKeys = "meta_keys" }

  /// Checks samples.
  public init() {}

  /// mm's keys; a typed sample needs no list of what to keep.
  public init(from decoder: any Decoder) throws {
    _ = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent([String].self, forKey: .metaKeys)
  }

  /// The sample as it is.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    guard sample.image != nil else {
      throw DataError(
        file: sample.imagePath, "the image is not loaded: begin the pipeline with {type: LoadImageFromFile}")
    }
    return sample
  }
}
