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
