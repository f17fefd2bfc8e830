// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let c: [CSetting] = [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]
let cxx: [CXXSetting] = [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]

/// A room of the architecture: one target, one library product.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

/// The tests of one room; golden cases are found beside them in `Tests/Golden`.
func tests(_ room: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(room)Tests", dependencies: [.byName(name: room), "TestSupport"] + dependencies,
    swiftSettings: swift)
}

// Downwards only: a room may import the rooms above it in this list that it names, and no other.
let rooms: [Target] = [
  room("Masks", ["CKernels"]),
  room("Configuration", ["CLibYAML"]),
  room("Tensors", ["CKernels", "COpenBLAS"]),
  room("Imaging", ["CKernels", "Masks", "COpenCV", "CLibJPEG", "CLibPNG"]),
  room("Layers", ["Tensors"]),
  room("Checkpoints", ["CKernels", "CZlib", "Tensors", "Layers"]),
  room("Data", ["CKernels", "Configuration", "Imaging", "Layers", "Masks", "Tensors"]),
  room("Backbones", ["Data", "Checkpoints"]),
  room("Detection", ["Backbones", "CSimdJSON"]),
  room("Segmentation", ["Backbones"]),
  room("Training", ["Data", "Checkpoints"]),
  room("Analysis", ["Data", "Tensors", "COpenBLAS"]),
  room("Verification", ["Detection", "Segmentation", "Training"]),
]

let package = Package(
  name: "DensePrediction",
  products: rooms.map { .library(name: $0.name, targets: [$0.name]) } + [
    .executable(name: "dense", targets: ["dense"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: rooms + [
    .target(name: "CKernels", cSettings: c),
    .systemLibrary(name: "COpenBLAS"),
    .systemLibrary(name: "CLibYAML"),
    .systemLibrary(name: "CZlib"),
    .target(name: "CLibJPEG", cSettings: c, linkerSettings: [.linkedLibrary("jpeg")]),
    .target(name: "CLibPNG", cSettings: c, linkerSettings: [.linkedLibrary("png"), .linkedLibrary("z")]),
    .target(
      name: "COpenCV", cxxSettings: cxx + [.unsafeFlags(["-isystem", "/usr/include/opencv4"])],
      linkerSettings: [.linkedLibrary("opencv_core"), .linkedLibrary("opencv_imgproc")]),
    .target(name: "CSimdJSON", cxxSettings: cxx, linkerSettings: [.linkedLibrary("simdjson")]),
    .executableTarget(
      name: "dense",
      dependencies: [
        "Analysis", "Verification", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "tools/dense", swiftSettings: swift),
    .executableTarget(
      name: "training-step",
      dependencies: [
        "Detection", "Segmentation", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/TrainingStep", swiftSettings: swift),
    .target(
      name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport", swiftSettings: swift),
    tests("Masks"),
    tests("Configuration", ["Detection", "Segmentation", "Training"]),
    tests("Tensors"),
    tests("Imaging"),
    tests("Layers"),
    tests("Checkpoints", ["CZlib"]),
    tests("Data", ["Checkpoints"]),
    tests("Backbones"),
    tests("Detection"),
    tests("Segmentation"),
    tests("Training"),
    tests("Analysis"),
    tests("Verification"),
    .testTarget(
      name: "CommandTests",
      dependencies: ["dense", "Checkpoints", "Imaging", "Masks", "Tensors", "TestSupport"],
      swiftSettings: swift),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11,
  cxxLanguageStandard: .cxx17)
