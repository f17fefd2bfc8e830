import Configuration
import Data

extension ModelContext {
  /// The number of classes: the config's, which must be the data set's where that is known; else the data set's; else,
  /// without data, the usual one.
  ///
  /// - Throws: `ConfigurationError` when the two differ, or neither is there.
  public func classCount(_ configured: Int?) throws -> Int {
    switch (configured, classes?.count) {
    case (let configured?, let known?) where configured != known:
      throw ConfigurationError(
        keyPath: "num_classes",
        message:
          "\(configured), but the data set has \(known) classes: \((classes ?? []).joined(separator: ", "))",
        hint: "Leave num_classes out: it is then the data set's.")
    case (let configured?, _):
      guard (1...100_000).contains(configured) else {
        throw ConfigurationError(keyPath: "num_classes", message: "\(configured) is not in 1...100000")
      }
      return configured
    case (nil, let known?): return known
    case (nil, nil):
      if let usualClassCount { return usualClassCount }
      throw ConfigurationError(
        keyPath: "num_classes", message: "is missing, and no data set says how many classes there are",
        hint: "Set num_classes, or metainfo.classes of the data set.")
    }
  }
}
