import Configuration
import Data
import Imaging
import Layers
import Modeling
import Tensors
import Training

/// Measures a config's model over sizes of pictures.
public struct ScaleStudy {
  private let configuration: ConfigurationNode
  private let components: Components
  private let checkpoint: String?
  private let rounds: Int

  /// A study of a config.
  ///
  /// - Parameters:
  ///   - configuration: The whole config.
  ///   - components: Where its types are looked up.
  ///   - checkpoint: Whose figures over the test data are wanted; nil: none are, and no data are needed.
  ///   - rounds: Runs for the time of a size.
  public init(_ configuration: ConfigurationNode, components: Components, checkpoint: String?, rounds: Int) {
    (self.configuration, self.components) = (configuration, components)
    (self.checkpoint, self.rounds) = (checkpoint, rounds)
  }

  /// Measures each size.
  ///
  /// - Parameters:
  ///   - sizes: Of the images, in pixels, in the report's order.
  ///   - progress: Is told what is measured, a line each.
  /// - Throws: `ConfigurationError` for a size that the model cannot take; errors of data and checkpoint.
  public func run(_ sizes: [ImageSize], progress: (String) -> Void = { _ in }) throws -> ScaleReport {
    var report = ScaleReport(checkpoint: checkpoint, parameters: 0, shown: [], points: [])
    for size in sizes {
      let subject = try StandaloneModel(configuration, components: components, size: size)
      let model = subject.model
      let complexity =
        model is any MeasurableModel
        ? try Complexity(of: model, height: size.height, width: size.width) : nil
      report.parameters =
        complexity?.parameters ?? model.parameters.reduce(0) { $0 + $1.parameter.shape.reduce(1, *) }
      let time = try ModelBenchmark(subject, mode: .forward, size: size) { _, _ in complexity?.flops }
        .run(warmUp: 1, rounds: rounds)
      let samples = RandomSamples(size: size, classes: subject.classes, kinds: model.requirements.kinds)
        .batch(1)
      let weights = model.parameters.reduce(0) { $0 + 4 * $1.parameter.shape.reduce(1, *) }
      let memory = try Computation.peakMemory {
        if let model = model as? any BackboneModel {
          try ForwardMode.evaluation { _ = model.backbone(try model.images(samples)) }
        }
      }
      var point = ScaleReport.Point(
        shape: [size.height, size.width], flops: complexity?.flops, milliseconds: time.milliseconds,
        peakMemory: memory + weights)
      if let checkpoint {
        let run = try TestRun(
          configuration: try ExperimentConfiguration(
            try configuration.testing(at: size), deferringMistakes: true),
          components: components, checkpoint: checkpoint)
        let values = try run.run().summary.values
        report.shown = ScaleReport.main(of: values.map(\.name))
        for value in values where value.value.isFinite { point.metrics[value.name] = value.value }
      }
      report.points.append(point)
      progress("\(size.height) x \(size.width): \(Int(time.milliseconds.rounded())) ms")
    }
    return report
  }
}
