// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// The rooms of DensePrediction that a part of one's own sees.
let rooms: [Target.Dependency] = [
  "Checkpoints", "Coco", "Configuration", "Data", "Detection", "Imaging", "Layers", "Masks", "Modeling",
  "Segmentation",
  "Tensors", "Training",
].map { .product(name: $0, package: "DensePrediction") }

// A package like a user's own: it sees what is public, and nothing else.
let package = Package(
  name: "Outside",
  products: [.library(name: "Outside", targets: ["Outside"])],
  dependencies: [.package(name: "DensePrediction", path: "../..")],
  targets: [
    .target(name: "Outside", dependencies: rooms, swiftSettings: swift),
    .testTarget(name: "OutsideTests", dependencies: ["Outside"] + rooms, swiftSettings: swift),
  ],
  swiftLanguageModes: [.v6])
