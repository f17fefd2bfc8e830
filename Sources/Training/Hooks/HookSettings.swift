import Configuration

/// One hook of a config: its own settings, and mm's `priority`, which every hook may have.
struct HookSettings {
  /// The hook without the key.
  let component: ComponentConfiguration
  /// What the config says; else the hook's own.
  let priority: HookPriority?

  /// - Throws: `ConfigurationError` when there is no `type`, or no such priority.
  init(_ node: ConfigurationNode) throws {
    priority = try node["priority"].map { try HookPriority($0) }
    component = try ComponentConfiguration(node.removing(["priority"]))
  }
}

/// A hook of mm's whose work is always done here; it is accepted and needs no settings.
private struct BuiltInHookConfiguration: Decodable, Sendable {
  init(from decoder: any Decoder) throws {
    enum NoKeys: CodingKey {}
    _ = try decoder.container(keyedBy: NoKeys.self)
  }
}

extension TrainingComponents {
  mutating func addHooks() {
    hooks.add("CheckpointHook", description: "Writes checkpoints") {
      (c: CheckpointHook.Configuration, context: HookContext) in try CheckpointHook(c, in: context)
    }
    hooks.add("LoggerHook", description: "Writes losses and times to log and scalars") {
      (c: LoggerHook.Configuration, _: HookContext) in LoggerHook(c)
    }
    hooks.add(
      "MetricsFileHook", description: "Writes metrics.csv: a row a validation, the classes' figures too"
    ) {
      (_: BuiltInHookConfiguration, _: HookContext) in MetricsFileHook()
    }
    hooks.add("EMAHook", description: "Averages the weights; validation and test go by the averages") {
      (c: EMAHook.Configuration, context: HookContext) in try EMAHook(c, in: context)
    }
    hooks.add("EarlyStoppingHook", description: "Ends the run when a figure no longer becomes better") {
      (c: EarlyStoppingHook.Configuration, context: HookContext) in try EarlyStoppingHook(c, in: context)
    }
    hooks.add("ProfilerHook", description: "Writes a table of the operations of some iterations") {
      (c: ProfilerHook.Configuration, _: HookContext) in ProfilerHook(c)
    }
    let builtIn = [
      ("RuntimeInfoHook", "Says what the run is and how far it is: done in any case"),
      ("IterTimerHook", "Measures time: done in any case"),
      ("ParamSchedulerHook", "Moves the schedules: done in any case"),
      ("DistSamplerSeedHook", "Shuffles anew in each epoch: done in any case"),
    ]
    for (name, description) in builtIn {
      hooks.add(name, description: description) { (_: BuiltInHookConfiguration, _: HookContext) in nil }
    }
  }

  /// The hooks of a config, in the order in which they are told: mm's default ones with what the config replaces, and its
  /// own.
  ///
  /// - Throws: `ConfigurationError` for unknown types, wrong settings, and two hooks that keep a state under one name.
  func hooks(of configuration: ExperimentConfiguration, in context: HookContext) throws -> [any Hook] {
    var hooks: [(hook: any Hook, priority: HookPriority)] = []
    func add(_ node: ConfigurationNode) throws {
      let settings = try HookSettings(node)
      guard let hook = try self.hooks.build(settings.component, scope: nil, in: context) else { return }
      if hook is any StatefulHook,
        hooks.contains(where: { $0.hook is any StatefulHook && $0.hook.name == hook.name })
      {
        throw ConfigurationError(
          location: node.location, keyPath: node.keyPath,
          message: "another hook keeps its state under the name '\(hook.name)' already",
          hint: "Leave one of them out.")
      }
      hooks.append((hook, settings.priority ?? hook.priority))
    }
    let standard: [(role: String, hook: any Hook)] =
      [
        ("logger", LoggerHook()), ("metrics", MetricsFileHook()),
        ("checkpoint", CheckpointHook(in: context)),
      ] + standardHooks.map { ($0.role, $0.build(context)) }
    for (role, hook) in standard where configuration.defaultHooks[role] == nil {
      hooks.append((hook, hook.priority))
    }
    for (_, node) in configuration.defaultHooks.sorted(by: { $0.key < $1.key }) where !node.isNull {
      try add(node)
    }
    for hook in configuration.customHooks { try add(hook.node) }
    // Sorting keeps the order of those of one priority.
    return hooks.enumerated().sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }
      .map(\.element.hook)
  }
}
