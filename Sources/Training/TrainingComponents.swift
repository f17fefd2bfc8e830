import Configuration
import Modeling

extension Components {
  /// What trains a model. A program adds its own: `components.training.hooks.add("MyHook") { … }`.
  public var training: TrainingComponents {
    get { self[TrainingComponents.self] }
    set { self[TrainingComponents.self] = newValue }
  }

  /// All registries, those of training too: what a config may name.
  public var everyCatalogue: [any ComponentCatalogue] {
    var all = self
    all.training = training
    return all.catalogues
  }
}

/// The names a config may use for what trains a model: a part of `Components`.
public struct TrainingComponents: ComponentGroup {
  /// Rules of updates.
  public var optimizers = Registry<any Optimizer, Void>(kind: "optimizer")
  /// Optimisers with clipping and settings of single weights.
  public var optimizerWrappers = Registry<OptimizerWrapper, OptimizationContext>(
    kind: "optimizer wrapper", keys: ["optim_wrapper"])
  /// Schedules of the learning rate.
  public var schedules = Registry<SpannedSchedule, ScheduleContext>(
    kind: "parameter scheduler", keys: ["param_scheduler"])
  /// Training loops.
  public var trainLoops = Registry<TrainLoop, Void>(kind: "train loop", keys: ["train_cfg"])
  /// Validation and test loops.
  public var evaluationLoops = Registry<EvaluationLoop, Void>(
    kind: "evaluation loop", keys: ["val_cfg", "test_cfg"])
  /// What happens around iterations, epochs, validations and saves; nil for what training does in any case.
  public var hooks = Registry<(any Hook)?, HookContext>(
    kind: "hook", keys: ["custom_hooks", "default_hooks"])

  /// Hooks that every run has, beside log and checkpoints, whose config says nothing of their role in `default_hooks`;
  /// null there leaves one out.
  public var standardHooks: [(role: String, build: @Sendable (HookContext) -> any Hook)] = []

  /// All registries, one a kind.
  public var catalogues: [any ComponentCatalogue] {
    Mirror(reflecting: self).children.compactMap { $0.value as? any ComponentCatalogue }
  }

  /// What this room has.
  public init() {
    optimizers.add("AdamW", description: "Adam with decoupled weight decay") {
      (c: AdamW.Configuration, _: Void) in AdamW(c)
    }
    optimizers.add("Adam", description: "Adaptive moments; the decay is a part of the gradient") {
      (c: AdamW.CoupledConfiguration, _: Void) in AdamW(c.settings, isDecoupled: false)
    }
    optimizers.add("SGD", description: "Gradient descent with momentum") {
      (c: SGD.Configuration, _: Void) in SGD(c)
    }
    optimizerWrappers.add("OptimWrapper", description: "An optimizer with clipping, in float32") {
      (c: OptimizerWrapper.Configuration, context: OptimizationContext) in
      try OptimizerWrapper(c, in: context)
    }
    optimizerWrappers.add("AmpOptimWrapper", description: "Refused: training is float32 only") {
      (_: ConfigurationNode, _: OptimizationContext) in
      throw ConfigurationError(
        message: "training is float32 only: there is no mixed precision",
        hint: "Write type: OptimWrapper, without loss_scale and dtype.")
    }
    addSchedules()
    trainLoops.add("EpochBasedTrainLoop", description: "Counts passes over the data") {
      (c: TrainLoop.EpochConfiguration, _: Void) in c.loop
    }
    trainLoops.add("IterBasedTrainLoop", description: "Counts batches") {
      (c: TrainLoop.IterationConfiguration, _: Void) in c.loop
    }
    evaluationLoops.add("ValLoop", description: "Every sample once; loss: true for the losses, too") {
      (c: TrainLoop.ValidationConfiguration, _: Void) in c.loop
    }
    evaluationLoops.add("TestLoop", description: "Every sample once") {
      (_: TrainLoop.TestConfiguration, _: Void) in EvaluationLoop()
    }
    addHooks()
  }

  private mutating func addSchedules() {
    schedules.add("LinearLR", description: "A straight line, for warm-up") {
      (c: LinearLR.Configuration, context: ScheduleContext) in try c.span.schedule(c.schedule, in: context)
    }
    schedules.add("ConstantLR", description: "Times a factor, up to the end of the span") {
      (c: ConstantLR.Configuration, context: ScheduleContext) in try c.span.schedule(c.schedule, in: context)
    }
    schedules.add("StepLR", description: "Times gamma every so many steps") {
      (c: StepLR.Configuration, context: ScheduleContext) in
      try c.span.schedule(
        StepLR(size: steps(c.size, times: c.span.scale(in: context)), gamma: c.gamma), in: context)
    }
    schedules.add("MultiStepLR", description: "Times gamma at milestones") {
      (c: MultiStepLR.Configuration, context: ScheduleContext) in
      let scale = c.span.scale(in: context)
      return try c.span.schedule(
        MultiStepLR(milestones: c.milestones.map { steps($0, times: scale) }, gamma: c.gamma), in: context)
    }
    schedules.add("ExponentialLR", description: "Times gamma at every step") {
      (c: ExponentialLR.Configuration, context: ScheduleContext) in
      try c.span.schedule(c.schedule, in: context)
    }
    schedules.add("PolyLR", description: "A power of what is left") {
      (c: PolyLR.Configuration, context: ScheduleContext) in try c.span.schedule(c.schedule, in: context)
    }
    schedules.add("CosineAnnealingLR", description: "Half a wave of a cosine, down to eta_min") {
      (c: CosineAnnealingLR.Configuration, context: ScheduleContext) in try c.schedule(in: context)
    }
    schedules.add("OneCycleLR", description: "Up to eta_max and down to almost nothing") {
      (c: OneCycleLR.Configuration, context: ScheduleContext) in try c.schedule(in: context)
    }
  }
}
