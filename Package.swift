// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let c: [CSetting] = [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]
let cxx: [CXXSetting] = [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]

/// Queues.
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

/// A room of the architecture: one target, one library product.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

/// The tests of one room; golden cases are found beside them in `Tests/Golden`.
func tests(_ room: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: "\(room)Tests", dependencies: dependencies, swiftSettings: swift)
}

// Downwards only: a room imports what it names here and nothing else (`tools/imports.sh` holds it), and names rooms
// above it in this list only.
let rooms: [Target] = [
  room("Files", []),
  room("Masks", ["CKernels"]),
  room("Configuration", ["CLibYAML", "Files"]),
  room("Tensors", ["CKernels", "COpenBLAS", "Files", deque]),
  room("Imaging", ["CKernels", "CLibJPEG", "CLibPNG", "COpenCV", "Files", "Masks"]),
  room("Layers", ["Tensors"]),
  room("Coco", ["CSimdJSON", "Files", "Imaging", "Masks", "Tensors"]),
  room("Checkpoints", ["CKernels", "CZlib", "Files", "Layers", "Tensors"]),
  room("Data", ["CKernels", "Coco", "Configuration", "Files", "Imaging", "Layers", "Masks", "Tensors"]),
  room("Conversion", ["Coco", "Configuration", "Data", "Files", "Imaging", "Masks"]),
  room("Curation", ["Coco", "Configuration", "Conversion", "Data", "Files", "Tensors"]),
  room("Modeling", ["CKernels", "Configuration", "Data", "Imaging", "Layers", "Masks", "Tensors"]),
  room("Synthesis", ["Data", "Files", "Imaging", "Masks", "Tensors"]),
  room("Backbones", ["Configuration", "Layers", "Modeling", "Tensors"]),
  room(
    "Detection",
    [
      "CKernels", "Coco", "Configuration", "Conversion", "Data", "Files", "Imaging", "Layers", "Masks",
      "Modeling",
      "Tensors",
    ]),
  room(
    "Segmentation",
    ["CKernels", "Configuration", "Data", "Files", "Imaging", "Layers", "Modeling", "Tensors"]),
  room("Classification", ["Configuration", "Data", "Files", "Imaging", "Layers", "Modeling", "Tensors"]),
  room("Distribution", ["CKernels", "CMPI", "Configuration", "Data", "Files", "Layers", "Tensors", deque]),
  room(
    "Training",
    [
      "Checkpoints", "Configuration", "Data", "Distribution", "Files", "Imaging", "Layers", "Modeling",
      "Tensors",
    ]),
  room(
    "Analysis",
    [
      "Coco", "Configuration", "Data", "Distribution", "Files", "Imaging", "Layers", "Masks", "Modeling",
      "Tensors", "Training",
    ]),
  room(
    "Reporting",
    [
      "Analysis", "Checkpoints", "Classification", "Coco", "Configuration", "Data", "Detection",
      "Distribution", "Files", "Imaging", "Masks", "Modeling", "Segmentation", "Training",
    ]),
  room(
    "Verification",
    [
      "Analysis", "Backbones", "Checkpoints", "Classification", "Coco", "Configuration", "Data", "Detection",
      "Files", "Imaging", "Layers", "Masks", "Modeling", "Segmentation", "Tensors", "Training",
    ]),
]

let package = Package(
  name: "DensePrediction",
  products: rooms.map { .library(name: $0.name, targets: [$0.name]) } + [
    .executable(name: "dense", targets: ["dense"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
  ],
  targets: rooms + [
    .target(name: "CKernels", cSettings: c),
    .systemLibrary(name: "COpenBLAS"),
    .systemLibrary(name: "CLibYAML"),
    .systemLibrary(name: "CZlib"),
    .target(name: "CMPI", cSettings: c),
    .target(name: "CLibJPEG", cSettings: c, linkerSettings: [.linkedLibrary("jpeg")]),
    .target(name: "CLibPNG", cSettings: c, linkerSettings: [.linkedLibrary("png"), .linkedLibrary("z")]),
    .target(
      name: "COpenCV", cxxSettings: cxx + [.unsafeFlags(["-isystem", "/usr/include/opencv4"])],
      linkerSettings: [.linkedLibrary("opencv_core"), .linkedLibrary("opencv_imgproc")]),
    .target(name: "CSimdJSON", cxxSettings: cxx, linkerSettings: [.linkedLibrary("simdjson")]),
    .executableTarget(
      name: "dense",
      dependencies: [
        "Analysis", "Backbones", "Checkpoints", "Classification", "Coco", "Configuration", "Conversion",
        "Curation", "Data", "Detection", "Distribution",
        "Files", "Imaging", "Modeling", "Reporting", "Segmentation", "Synthesis", "Tensors", "Training",
        "Verification",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "tools/dense", swiftSettings: swift),
    .target(
      name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport", swiftSettings: swift),
    tests(
      "Analysis",
      [
        "Analysis", "Backbones", "Classification", "Coco", "Configuration", "Data", "Detection", "Imaging",
        "Layers", "Modeling", "Segmentation", "Tensors", "TestSupport", "Training",
      ]),
    tests(
      "Backbones",
      [
        "Backbones", "CZlib", "Checkpoints", "Classification", "Configuration", "Data", "Layers", "Modeling",
        "Tensors", "TestSupport",
      ]),
    tests("Checkpoints", ["CZlib", "Checkpoints", "Files", "Layers", "Tensors", "TestSupport"]),
    tests(
      "Classification",
      [
        "Backbones", "Checkpoints", "Classification", "Configuration", "Data", "Detection", "Imaging",
        "Layers",
        "Modeling", "Reporting", "Segmentation", "Tensors", "TestSupport", "Training",
      ]
    ),
    tests("Coco", ["Coco", "Imaging", "Masks", "TestSupport"]),
    tests(
      "Configuration",
      [
        "Backbones", "Classification", "Configuration", "Data", "Detection", "Layers", "Modeling",
        "Reporting",
        "Segmentation", "Tensors", "TestSupport", "Training",
      ]),
    tests("Conversion", ["Coco", "Conversion", "Data", "Imaging", "Masks", "TestSupport"]),
    tests("Curation", ["Coco", "Conversion", "Curation", "Data", "Files", "Imaging", "TestSupport"]),
    tests(
      "Data",
      ["Checkpoints", "Configuration", "Data", "Imaging", "Layers", "Masks", "Tensors", "TestSupport"]),
    tests(
      "Detection",
      [
        "Backbones", "Checkpoints", "Coco", "Configuration", "Data", "Detection", "Imaging", "Layers",
        "Masks",
        "Modeling", "Synthesis", "Tensors", "TestSupport",
      ]),
    tests("Distribution", ["Data", "Distribution", "Layers", "Tensors", "TestSupport"]),
    tests("Files", ["Files", "TestSupport"]),
    tests("Imaging", ["Imaging", "Masks", "TestSupport"]),
    tests("Layers", ["Layers", "Tensors", "TestSupport"]),
    tests("Masks", ["Masks", "TestSupport"]),
    tests(
      "Modeling", ["Configuration", "Data", "Imaging", "Masks", "Modeling", "Tensors", "TestSupport"]),
    tests(
      "Reporting",
      [
        "Analysis", "Coco", "Configuration", "Data", "Files", "Imaging", "Layers", "Masks", "Modeling",
        "Reporting",
        "Tensors", "TestSupport", "Training",
      ]),
    tests(
      "Segmentation",
      [
        "Backbones", "Configuration", "Data", "Imaging", "Layers", "Modeling", "Segmentation", "Synthesis",
        "Tensors", "TestSupport",
      ]),
    tests("Synthesis", ["Data", "Imaging", "Masks", "Synthesis", "Tensors", "TestSupport"]),
    tests("Tensors", ["Tensors", "TestSupport"]),
    tests(
      "Training",
      [
        "Checkpoints", "Configuration", "Data", "Distribution", "Files", "Imaging", "Layers", "Masks",
        "Modeling", "Tensors", "TestSupport", "Training",
      ]),
    tests("Verification", ["TestSupport", "Verification"]),
    .testTarget(
      name: "CommandTests",
      dependencies: ["dense", "Checkpoints", "Imaging", "Masks", "Tensors", "TestSupport"],
      swiftSettings: swift),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11,
  cxxLanguageStandard: .cxx17)
