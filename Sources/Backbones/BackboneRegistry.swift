import Modeling
import Configuration

extension Components {
  /// Registers the backbones: a new one is a file in this folder and a line here.
  public mutating func addBackbones() {
    backbones.add(
      "VSSM", aliases: ["MM_VSSM"], description: "VMamba: four stages of two-dimensional selective scans"
    ) { (configuration: VSSM.Configuration, _: ModelContext) in VSSM(configuration) }
    weightNamings.append(VSSMNaming())
  }
}
