import Configuration
import Foundation
import Layers
import Modeling
import Tensors

/// How many weights a model has and how many multiply-accumulates it takes for an image: counted from the operations'
/// shapes as they run, without computing.
public struct Complexity: Sendable, Encodable {
  /// A part of a model.
  public struct Module: Sendable, Encodable, Equatable {
    /// Its place in the model, such as `roi_head.bbox_head`.
    public var name: String
    /// Weights; running statistics are none.
    public var parameters: Int
    /// Multiply-accumulates.
    public var flops: Int
  }

  /// An operation of all parts.
  public struct Operator: Sendable, Encodable, Equatable {
    /// The name that PyTorch's counters give it.
    public var name: CountedOperation
    /// Multiply-accumulates.
    public var flops: Int
  }

  /// Weights, whether they take part or not; running statistics are none.
  public var parameters: Int
  /// Multiply-accumulates; one multiply-add counts as one.
  public var flops: Int
  /// Height and width of the image, in pixels.
  public var shape: [Int]
  /// The rule by which scans were counted.
  public var scanRule: ScanRule
  /// In the order in which they run.
  public var modules: [Module]
  /// Those that count something.
  public var operators: [Operator]

  enum CodingKeys: String, CodingKey {
    case parameters, flops, shape, modules, operators
    case scanRule = "scan_flops"
  }

  /// Counts a model; its weights and running statistics stay as they are.
  ///
  /// - Parameters:
  ///   - model: A `MeasurableModel`.
  ///   - height: Of the image in pixels; nil: as its kind is usually counted.
  ///   - width: The same.
  ///   - scanRule: By which rule scans are counted; nil: by that of the model's release.
  /// - Throws: `ConfigurationError` for a model that does not say what of it is counted, and for an image that is smaller
  ///   than its coarsest stride.
  public init(of model: any Model, height: Int? = nil, width: Int? = nil, scanRule: ScanRule? = nil) throws {
    guard let model = model as? any MeasurableModel else {
      throw ConfigurationError(
        keyPath: "model", message: "\(type(of: model)) does not say what of it is measured",
        hint: "A model of one's own conforms to MeasurableModel.")
    }
    let usual = model.usualImageSize
    let (height, width) = (height ?? usual.height, width ?? usual.width)
    guard min(height, width) >= model.coarsestStride else {
      throw ConfigurationError(
        message: "an image of \(height) x \(width) pixels is smaller than the model's coarsest stride, "
          + "\(model.coarsestStride)", hint: "Both sides have to be \(model.coarsestStride) or more.")
    }
    let parts = CountedParts(scanRule)
    func run() throws { try model.run(.zeros([1, height, width, 3]), observedBy: parts) }
    try Computation.shapesOnly {
      try model.isMeasuredInTraining ? ForwardMode.asBuilt(run) : ForwardMode.evaluation(run)
    }
    parameters = model.parameterCount
    flops = parts.counts.total
    guard flops < .max else {
      throw ConfigurationError(
        keyPath: "model", message: "more operations than can be counted at \(height) x \(width) pixels")
    }
    shape = [height, width]
    self.scanRule = parts.counts.scanRule ?? scanRule ?? .legacy
    modules = parts.modules
    operators = CountedOperation.allCases.filter { parts.counts[$0] > 0 }.map {
      Operator(name: $0, flops: parts.counts[$0])
    }
  }
}

/// Counts the operations of each part.
private final class CountedParts: PartObserver {
  private(set) var modules: [Complexity.Module] = []
  private(set) var counts = OperationCounts()
  private let scanRule: ScanRule?

  init(_ scanRule: ScanRule?) { self.scanRule = scanRule }

  func part<R>(_ name: String, _ layer: (any Layer)?, _ body: () throws -> R) rethrows -> R {
    let (result, own) = try countingOperations(scanRule: scanRule, body)
    modules.append(
      Complexity.Module(name: name, parameters: layer?.parameterCount ?? 0, flops: own.total))
    counts = counts + own
    return result
  }
}

extension Layer {
  /// How many numbers its weights are; one that two names share counts once.
  fileprivate var parameterCount: Int {
    var seen: Set<ObjectIdentifier> = []
    return parameters.reduce(0) { sum, entry in
      seen.insert(ObjectIdentifier(entry.parameter)).inserted ? sum + entry.parameter.shape.product : sum
    }
  }
}
