import Configuration
import Data

extension Experiment {
  /// What a config is opened for: only what is used has to be right.
  public enum Use: Sendable {
    case training
    case test
    /// A test whose pipeline makes variants of each image.
    case testOfVariants
    case prediction
  }

  /// Decodes every component of a config and reports all mistakes together. Nothing is built, no file opened.
  ///
  /// - Throws: `ConfigurationError`, or `ConfigurationErrors` when there are several.
  public func check(for use: Use) throws {
    var walk = Walk(catalogues: components.everyCatalogue, scope: scope)
    walk.mistakes = configuration.mistakes
    if let model = configuration.model {
      let (bare, mistakes) = try PretrainedWeights.checked(model)
      walk.mistakes += mistakes
      walk.visit(bare, key: "model")
    }
    let loaders =
      use == .training
      ? [configuration.trainDataloader, configuration.valDataloader] : [configuration.testDataloader]
    for loader in loaders.compactMap({ $0 }) {
      walk.visit(loader.dataset, key: "dataset")
      guard use != .prediction else { continue }
      walk.visit(loader.sampler, key: "sampler")
      walk.visit(loader.batchSampler, key: "batch_sampler")
    }
    switch use {
    case .training:
      walk.visit(configuration.trainLoop, key: "train_cfg")
      walk.visit(configuration.valLoop, key: "val_cfg")
      walk.visit(configuration.optimWrapper, key: "optim_wrapper")
      for schedule in configuration.paramSchedulers { walk.visit(schedule, key: "param_scheduler") }
      for metric in configuration.valEvaluators { walk.visit(metric, key: "val_evaluator") }
      for hook in configuration.customHooks { walk.visit(hook.node, hookAt: "custom_hooks") }
      for (_, node) in configuration.defaultHooks.sorted(by: { $0.key < $1.key }) where !node.isNull {
        walk.visit(node, hookAt: "default_hooks")
      }
    case .test, .testOfVariants:
      if use == .testOfVariants { walk.visit(configuration.ttaModel, key: "tta_model") }
      walk.visit(configuration.testLoop, key: "test_cfg")
      for metric in configuration.testEvaluators { walk.visit(metric, key: "test_evaluator") }
    case .prediction: break
    }
    try ConfigurationErrors.report(walk.mistakes)
  }
}

extension Experiment {
  /// What training and testing by this config would refuse at their start, as far as the config has what they need:
  /// components, data, classes, labels and the model's needs. Weights and pictures are not opened.
  ///
  /// - Returns: What is wrong, each with what stops for it; nothing where all is right.
  public func refusals() -> [(error: any Error, effect: String)] {
    guard configuration.model != nil else { return [] }
    var found: [(error: any Error, effect: String)] = []
    if configuration.trainDataloader != nil, configuration.trainLoop != nil, configuration.optimWrapper != nil
    {
      do { try TrainingRun.check(self) } catch {
        found.append((error, "training stops before its first step"))
      }
    }
    if let loader = configuration.testDataloader, !configuration.testEvaluators.isEmpty {
      do { try TestRun.check(self, loader) } catch { found.append((error, "dense test stops at its start")) }
    }
    return found
  }
}

/// Goes through components and those within them, and notes what is wrong.
private struct Walk {
  let catalogues: [any ComponentCatalogue]
  let scope: String?
  var mistakes: [ConfigurationError] = []

  init(catalogues: [any ComponentCatalogue], scope: String?) {
    (self.catalogues, self.scope) = (catalogues, scope)
  }

  /// - Parameter key: The key of the config that it stands for.
  mutating func visit(_ component: ComponentConfiguration?, key: String) {
    guard let component, component.node["type"]?.location.isMadeUp == false,
      let catalogue = catalogue(for: key, type: component.type)
    else { return }
    let (found, parts) = catalogue.check(component, scope: scope)
    mistakes += found
    for part in parts {
      let steps = part.node.keyPath.split(separator: ".").filter { Int($0) == nil }
      visit(part, key: steps.last.map(String.init) ?? "")
    }
  }

  /// A hook, whose `priority` is not its own to decode.
  mutating func visit(_ node: ConfigurationNode, hookAt key: String) {
    do { visit(try HookSettings(node).component, key: key) } catch let error as ConfigurationError {
      mistakes.append(error)
    } catch { mistakes.append(ConfigurationError(location: node.location, message: "\(error)")) }
  }

  /// The registry that a key's components are in: by the key, of several that of the name, else by the name. Nil for a
  /// part that the component around it opens itself.
  private func catalogue(for key: String, type: String) -> (any ComponentCatalogue)? {
    func has(_ catalogue: any ComponentCatalogue) -> Bool { catalogue.names.contains(type.withoutScope) }
    let ofKey =
      catalogues.filter { letters($0.kind) == letters(key) } + catalogues.filter { $0.keys.contains(key) }
    return ofKey.first(where: has) ?? ofKey.first ?? catalogues.first(where: has)
  }

  /// A name without spaces and underscores: `data set` is `dataset`.
  private func letters(_ name: String) -> String { String(name.filter { $0.isLetter }) }
}

extension String {
  /// `mmdet.X` without what is before the dot.
  fileprivate var withoutScope: String { split(separator: ".").last.map(String.init) ?? self }
}
