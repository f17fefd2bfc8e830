/// The animals of the Reef: the classes of its instances, numbered from 1.
package enum ReefAnimal: Int, CaseIterable, Sendable {
  case fish = 1, jellyfish, starfish, turtle, crab

  /// Its name in the annotation file.
  package var name: String { "\(self)" }

  /// Whether it lives on the ground.
  var isGroundDweller: Bool { self == .starfish || self == .crab }
}

/// What a pixel of a scene shows, apart from animals.
enum ReefGround: Int32, CaseIterable {
  case water = 0, sand, rock, coral
  /// Hills in the haze and schools of small fish: too far away to say what they are.
  case distant, school
}

/// The numbers in the label maps: 0 is unlabelled, and the names of 1, 2, ... in their order.
package enum ReefLabels {
  /// Names of the classes 1, 2, ...
  package static let names = ["water", "sand", "rock", "coral"] + ReefAnimal.allCases.map(\.name)

  /// Red, green, blue of the classes 1, 2, ...
  package static let colours: [SIMD3<UInt8>] = [
    SIMD3(40, 90, 180), SIMD3(230, 205, 130), SIMD3(110, 105, 115), SIMD3(230, 110, 140),
    SIMD3(255, 190, 0), SIMD3(190, 110, 255), SIMD3(255, 80, 30), SIMD3(70, 210, 90), SIMD3(0, 220, 220),
  ]

  /// The label of each `ReefGround`.
  static let ofGround: [Int32] = [1, 2, 3, 4, 0, 0]

  /// The label of an animal.
  static func label(of animal: ReefAnimal) -> Int32 { Int32(4 + animal.rawValue) }
}
