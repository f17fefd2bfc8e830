import Configuration
import Data
import Imaging
import Modeling
import Tensors
import Training

/// The backbone of a config's model, to be looked at: nothing of the config but its model is needed.
public struct BackboneStudy {
  private let model: any BackboneModel

  /// The backbone.
  public var backbone: any Backbone { model.backbone }

  /// The model of a config with the initial values of seed 0, whatever `init_cfg` names.
  ///
  /// - Throws: `ConfigurationError` with the place of what is wrong, and for a model without a backbone.
  public init(_ configuration: ConfigurationNode, components: Components) throws {
    let experiment = Experiment(try ExperimentConfiguration(configuration), components: components)
    let model = try experiment.modelWithoutData()
    guard let model = model as? any BackboneModel else {
      throw ConfigurationError(
        location: configuration["model"]?.location, keyPath: "model",
        message: "\(type(of: model)) has no backbone that can be looked at",
        hint: "A model of one's own conforms to BackboneModel.")
    }
    self.model = model
    model.initialize(seed: 0)
    // Derivatives are wanted by pixels only.
    model.tree.freeze()
  }

  /// Fills the backbone from a checkpoint.
  ///
  /// - Returns: «212 of 212 tensors loaded».
  /// - Throws: `CheckpointError` when the backbone does not find its weights.
  public func load(_ checkpoint: String) throws -> String {
    "\(try model.loadBackbone(from: checkpoint))"
  }

  /// A picture brought to a size and normalised as the model takes it, `[1, H, W, 3]`; padding may make it larger.
  ///
  /// - Throws: Errors that name the file; `ConfigurationError` for a size that the backbone cannot take.
  public func image(_ file: String, size: ImageSize) throws -> Tensor {
    let stride = backbone.outputs.map(\.stride).max() ?? 1
    guard min(size.height, size.width) >= stride else {
      throw ConfigurationError(
        keyPath: "--shape",
        message: "\(size.height) \(size.width): the backbone's coarsest map has a step of \(stride) pixels",
        hint: "Height and width have to be \(stride) or more.")
    }
    var sample = Sample(imagePath: file)
    let image = try Image.decode(file: file)
    sample.image = image.resized(height: size.height, width: size.width)
    (sample.originalSize, sample.size) = (image.size, size)
    return try model.images([sample])
  }
}
