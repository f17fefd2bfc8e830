// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// The rooms of DensePrediction that a part of one's own sees.
let rooms: [Target.Dependency] = [
  "Backbones", "Checkpoints", "Classification", "Coco", "Configuration", "Data", "Detection", "Imaging",
  "Layers", "Masks", "Modeling", "Reporting", "Segmentation", "Tensors", "Training",
].map { .product(name: $0, package: "DensePrediction") }

// A package like a user's own: it sees what is public, and nothing else. `Predict`, `Train` and `Evaluate` are programs of
// a few lines; `Outside` adds a part of each kind.
let package = Package(
  name: "Outside",
  products: [.library(name: "Outside", targets: ["Outside"])],
  dependencies: [.package(name: "DensePrediction", path: "..")],
  targets: [
    .target(name: "Outside", dependencies: rooms, swiftSettings: swift),
    .executableTarget(name: "Predict", dependencies: ["Outside"] + rooms, swiftSettings: swift),
    .executableTarget(name: "Train", dependencies: ["Outside"] + rooms, swiftSettings: swift),
    .executableTarget(name: "Evaluate", dependencies: ["Outside"] + rooms, swiftSettings: swift),
    .testTarget(name: "OutsideTests", dependencies: ["Outside"] + rooms, swiftSettings: swift),
  ],
  swiftLanguageModes: [.v6])
