import Analysis
import Backbones
import Classification
import Configuration
import Detection
import Foundation
import Modeling
import Segmentation
import Tensors
import Testing
import Training

/// A model of a table of published complexities: what is counted of it has to be equal to the last digit.
struct PublishedComplexity: Sendable, CustomTestStringConvertible {
  /// A file below `configs`, without its ending.
  let config: String
  /// As `--cfg-options` has them.
  let overrides: [String]
  /// Height and width; nil: as its kind is counted by default.
  let shape: [Int]?
  /// Nil: that of its release.
  let rule: ScanRule?
  let parameters: Int
  let flops: Int

  init(
    _ config: String, overrides: [String] = [], shape: [Int]? = nil, rule: ScanRule? = nil, parameters: Int,
    flops: Int
  ) {
    (self.config, self.overrides, self.shape, self.rule) = (config, overrides, shape, rule)
    (self.parameters, self.flops) = (parameters, flops)
  }

  var testDescription: String {
    ([config] + overrides + [rule?.rawValue, shape.map { "\($0)" }].compactMap(\.self)).joined(
      separator: " ")
  }

  func check() throws {
    let counted = try Complexity(ofConfig: config, overrides, shape: shape, rule: rule)
    #expect(counted.parameters == parameters)
    #expect(counted.flops == flops)
    // The parts and the operations add up to the whole.
    #expect(counted.modules.reduce(0) { $0 + $1.parameters } == counted.parameters)
    #expect(counted.modules.reduce(0) { $0 + $1.flops } == counted.flops)
    #expect(counted.operators.reduce(0) { $0 + $1.flops } == counted.flops)
  }
}

extension Complexity {
  /// That of a shipped config's model.
  init(
    ofConfig name: String, _ overrides: [String] = [], shape: [Int]? = nil, rule: ScanRule? = nil
  ) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("configs").path
    try self.init(
      of: try ConfigurationNode.load(file: "\(root)/\(name).yaml", overrides: overrides), shape: shape,
      rule: rule)
  }

  /// That of a config's model.
  init(of node: ConfigurationNode, shape: [Int]? = nil, rule: ScanRule? = nil) throws {
    let experiment = Experiment(try ExperimentConfiguration(node), components: .all)
    let model = try Computation.shapesOnly { try experiment.modelWithoutData() }
    try self.init(of: model, height: shape?.first, width: shape?.last, scanRule: rule)
  }

  func flops(ofModule name: String) -> Int? { modules.first { $0.name == name }?.flops }

  /// By the operators' names.
  var byOperator: [String: Int] {
    Dictionary(uniqueKeysWithValues: operators.map { ($0.name.rawValue, $0.flops) })
  }
}

extension Components {
  static var all: Components {
    var components = Components()
    components.addBackbones()
    components.addDetection()
    components.addSegmentation()
    components.addClassification()
    return components
  }
}
