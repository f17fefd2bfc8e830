import Imaging
import Tensors

/// What a data set is about.
public struct DatasetMetainfo: Sendable, Equatable {
  /// Names, in the order of their numbers.
  public var classes: [String]
  /// Colours (red, green, blue) of the classes, for pictures; may be empty.
  public var palette: [SIMD3<UInt8>]
  /// What the numbers in its label maps stand for; nil where it has none.
  public var labels: LabelMeaning?
  /// The number of each class in its annotation file; empty where that is COCO's for its 80 classes, or else counts from 1.
  public var categoryIDs: [Int] = []

  /// Classes, their colours, and what the numbers in label maps stand for.
  public init(classes: [String], palette: [SIMD3<UInt8>] = [], labels: LabelMeaning? = nil) {
    self.classes = classes
    self.palette = palette
    self.labels = labels
  }
}

/// Images with annotations, each of which goes through a pipeline.
public protocol Dataset: Sendable {
  /// How many images there are.
  var count: Int { get }
  /// Classes and colours.
  var metainfo: DatasetMetainfo { get }
  /// What happens to each sample.
  var pipeline: Pipeline { get }
  /// Whether each image has to come out as it is: nothing is replaced.
  var isTest: Bool { get }
  /// What a run tells at its start, a sentence each: objects that training ignores, and the like.
  var warnings: [String] { get }
  /// What its annotations are from; nothing where that cannot be told.
  var annotationSources: [AnnotationSource] { get }
  /// The sample before the pipeline.
  func sample(at index: Int) throws -> Sample
  /// What happens to one sample: `pipeline`, unless the data set is made of several.
  func pipeline(at index: Int) -> Pipeline
  /// What its samples carry before the pipeline loads anything: the class of the whole image. What the first sample has,
  /// unless a data set says otherwise.
  var carries: AnnotationKinds { get }
  /// All pipelines that its samples may go through.
  var pipelines: [Pipeline] { get }
  /// The size of an image as far as it is known before it is loaded; else 0 x 0.
  ///
  /// Samplers ask for that of every image: a data set whose `sample(at:)` does more than look it up has its own.
  func size(at index: Int) throws -> ImageSize
  /// The sample behind the pipeline; see the extension.
  func load(index: Int, number: Int, seed: UInt64) throws -> Sample
}

extension Dataset {
  /// Nothing.
  public var warnings: [String] { [] }

  /// Unknown.
  public var annotationSources: [AnnotationSource] { [] }

  /// The data set's one pipeline.
  public func pipeline(at index: Int) -> Pipeline { pipeline }

  /// The data set's one pipeline.
  public var pipelines: [Pipeline] { [pipeline] }

  /// The class of the whole image, where the first sample has one.
  public var carries: AnnotationKinds {
    count > 0 && (try? sample(at: 0))?.classLabel != nil ? .classLabel : []
  }

  /// What the sample before the pipeline says.
  public func size(at index: Int) throws -> ImageSize { try sample(at: index).size }

  /// The sample behind the pipeline.
  ///
  /// In training a sample of which nothing is left is replaced by another one, drawn by its own random numbers; so is
  /// one whose files are broken, where the data set says `on_broken_image: skip`.
  ///
  /// - Parameters:
  ///   - index: Place in the data set, from 0.
  ///   - number: Global number of the sample in the run: the key of its random numbers.
  ///   - seed: The run's.
  /// - Throws: An error that names the image's file.
  public func load(index: Int, number: Int, seed: UInt64) throws -> Sample {
    var next = index
    var skipped: [ImageFault] = []
    for attempt in 0..<Self.attempts {
      var sample = try sample(at: next)
      sample.number = number
      sample.index = next
      do {
        if var loaded = try pipeline(at: next)(sample, seed: seed, step: attempt) {
          loaded.skipped = skipped
          return loaded
        }
      } catch let error as ImagingError where sample.onBrokenImage == .skip && !isTest {
        skipped.append(ImageFault(file: error.file ?? sample.imagePath, message: "\(error)"))
      } catch {
        throw naming(sample, error)
      }
      guard !isTest else {
        throw DataError(
          file: sample.imagePath, "the pipeline has nothing left of the image, and a test needs every image")
      }
      var random = RandomGenerator(
        seed: seed, step: attempt, sample: number, purpose: .augmentation(stage: Self.redrawStage))
      next = random.integer(below: count)
    }
    if skipped.count == Self.attempts, let first = skipped.first {
      throw DataError(
        file: nil, "\(skipped.count) images drawn one after the other are broken; the first: \(first.message)"
      )
    }
    throw DataError(
      file: try sample(at: index).imagePath,
      "the pipeline has nothing left of this image, nor of \(Self.attempts - 1) others drawn for it")
  }

  /// As often as mm draws.
  private static var attempts: Int { 1000 }
  /// No pipeline is that long.
  private static var redrawStage: Int { 0xff_ffff }

  /// The error, with the image's file unless it names a file already.
  private func naming(_ sample: Sample, _ error: any Error) -> any Error {
    switch error {
    case let error as ImagingError where error.file != nil: error
    case let error as DataError where error.file != nil: error
    case let error as DataError: DataError(file: sample.imagePath, error.message)
    default: DataError(file: sample.imagePath, "\(error)")
    }
  }
}
