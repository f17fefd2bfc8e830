// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Scaling",
  targets: [
    .executableTarget(name: "Scaling", swiftSettings: [.treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6])
