import Modeling
import Training

extension Components {
  /// Adds the hooks that draw: every run has them, unless `default_hooks` says otherwise of `record`, `visualization` and
  /// `report`.
  public mutating func addReporting() {
    var training = training
    training.hooks.add("RunRecordHook", description: "Leaves curves, pictures and events in the run's folder")
    {
      (c: RunRecordHook.Configuration, context: HookContext) in RunRecordHook(in: context, c)
    }
    training.hooks.add("RunReportHook", description: "Writes report.html after each validation") {
      (c: RunReportHook.Configuration, _: HookContext) in RunReportHook(c)
    }
    for name in ["DetVisualizationHook", "SegVisualizationHook", "VisualizationHook"] {
      training.hooks.add(name, description: "Draws images of validations, truth beside prediction") {
        (c: VisualizationHook.Configuration, _: HookContext) in VisualizationHook(c)
      }
    }
    training.standardHooks.append(("record", { RunRecordHook(in: $0) }))
    training.standardHooks.append(("visualization", { _ in VisualizationHook() }))
    training.standardHooks.append(("report", { _ in RunReportHook() }))
    self.training = training
  }
}
