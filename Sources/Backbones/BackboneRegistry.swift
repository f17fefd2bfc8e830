import Configuration
import Modeling

extension Components {
  /// Registers the backbones: a new one is a file in this folder and a line here.
  public mutating func addBackbones() {
    backbones.add(
      "VSSM", aliases: ["MM_VSSM"], description: "VMamba: four stages of two-dimensional selective scans"
    ) { (configuration: VSSM.Configuration, _: ModelContext) in
      try checkChannels(configuration.inputChannels, key: "in_chans")
      return VSSM(configuration)
    }
    weightNamings.append(VSSMNaming())
    backbones.add(
      "SwinTransformer", description: "Swin: four stages of attention in shifted windows",
      make: { (configuration: SwinTransformer.Configuration, _: ModelContext) in
        try checkChannels(configuration.inputChannels, key: "in_channels")
        return SwinTransformer(configuration)
      })
    backbones.add(
      "SwinTransformer", scope: "mmpretrain",
      description: "Swin of a classifier, with the weights and names of the release",
      make: { (configuration: SwinTransformer.ReleaseConfiguration, _: ModelContext) in
        try checkChannels(configuration.settings.inputChannels, key: "in_channels")
        return SwinTransformer(configuration.settings)
      })
    backbones.add(
      "VisionTransformer", description: "ViT: attention of all patches to each other (DeiT)",
      make: { (configuration: VisionTransformer.Configuration, _: ModelContext) in
        try checkChannels(configuration.inputChannels, key: "in_channels")
        return VisionTransformer(configuration)
      })
    addResNets()
  }

  /// One type under three names, which differ in their stem and shortcuts.
  private mutating func addResNets() {
    let variants:
      [(name: String, description: String, change: @Sendable (inout ResNet.Configuration) -> Void)] = [
        ("ResNet", "ResNet-18 to -152: stages of residual blocks", { _ in }),
        ("ResNetV1c", "ResNet with three 3x3 convolutions in its stem", { $0.hasDeepStem = true }),
        (
          "ResNetV1d", "ResNetV1c with means in its shortcuts",
          { ($0.hasDeepStem, $0.averagesDown) = (true, true) }
        ),
      ]
    for variant in variants {
      backbones.add(variant.name, description: variant.description) {
        (configuration: ResNet.Configuration, context: ModelContext) in
        try checkChannels(configuration.inputChannels, key: "in_channels")
        var configuration = configuration
        variant.change(&configuration)
        if let misfit = configuration.normMisfit {
          throw ConfigurationError(keyPath: "norm_cfg", message: misfit)
        }
        return ResNet(configuration, scope: context.scope)
      }
    }
    weightNamings.append(ResNetNaming())
  }
}

/// Pictures come with three channels, grey ones with three times the same.
///
/// - Throws: `ConfigurationError` where a backbone wants others.
private func checkChannels(_ channels: Int, key: String) throws {
  guard channels != 3 else { return }
  throw ConfigurationError(
    keyPath: key,
    message: "\(channels), but pictures have three channels; grey ones have three times the same",
    hint: "Leave \(key) out: it is then 3.")
}
