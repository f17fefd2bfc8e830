import Backbones
import Classification
import Detection
import Modeling
import Reporting
import Segmentation

extension Components {
  /// What the command has, and what this package adds.
  public static var everything: Components {
    var components = Components()
    components.addBackbones()
    components.addDetection()
    components.addSegmentation()
    components.addClassification()
    components.addReporting()
    components.addOutside()
    return components
  }
}
