import Foundation

/// Where the golden cases lie.
public enum Golden {
  /// The folder `Tests/Golden`.
  public static let directory = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Golden")

  /// A file below it, such as `"layer/relu.safetensors"`.
  public static func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  /// The names in one of its folders that end in `suffix`, sorted.
  public static func names(in folder: String, suffix: String = ".safetensors") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(folder)).filter { $0.hasSuffix(suffix) }.sorted()
  }
}
