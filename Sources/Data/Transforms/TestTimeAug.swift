import Configuration
import Tensors

/// Makes several variants of one image, over which a prediction is averaged (mmcv's `TestTimeAug`).
///
/// `transforms` is a list of lists: a variant takes one step out of each, the last list changes fastest. The sample
/// that comes out is the first variant, and carries all of them, itself included, in `variants`.
public struct TestTimeAug: Transform {
  /// mmcv's keys.
  struct Configuration: Decodable, Sendable {
    var choices: [[ComponentConfiguration]]

    enum CodingKeys: String, CodingKey { case choices = "transforms" }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      choices = try keys.decode([[ComponentConfiguration]].self, forKey: .choices)
      guard !choices.isEmpty, choices.allSatisfy({ !$0.isEmpty }) else {
        throw keys.refusal("lists of one or more transforms each are wanted", forKey: .choices)
      }
      let count = choices.reduce(1) { $0.multipliedReportingOverflow(by: $1.count).partialValue }
      guard (1...1000).contains(count), choices.allSatisfy({ $0.count <= 1000 }) else {
        throw keys.refusal("at most 1000 variants of an image are made", forKey: .choices)
      }
    }
  }

  /// The steps of each variant, in order.
  public let pipelines: [Pipeline]

  /// All variants that take one step out of each list.
  public init(_ choices: [[any Transform]]) {
    var variants: [[any Transform]] = [[]]
    for choice in choices { variants = variants.flatMap { variant in choice.map { variant + [$0] } } }
    pipelines = variants.map { Pipeline($0) }
  }

  init(_ configuration: Configuration, in context: DataContext) throws {
    self.init(try configuration.choices.map { try Pipeline($0, in: context).transforms })
  }

  /// What each variant's steps load.
  public var loads: AnnotationKinds { pipelines.map(\.loads).common }
  /// Whether a step of any of them does.
  public var movesPixels: Bool { pipelines.contains { $0.transforms.contains(where: \.movesPixels) } }

  /// The first variant, with all of them in `variants`.
  ///
  /// - Throws: `DataError` when a variant has nothing left of the image.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    var variants: [Sample] = []
    for (number, pipeline) in pipelines.enumerated() {
      guard let variant = try pipeline(sample, random: &random) else {
        throw DataError(
          file: sample.imagePath, "variant \(number + 1) of TestTimeAug has nothing left of the image")
      }
      variants.append(variant)
    }
    var result = variants[0]
    result.variants = variants
    return result
  }
}
