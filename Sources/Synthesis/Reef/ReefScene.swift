import Foundation
import Imaging
import Masks
import Tensors

/// One picture of the Reef with the truth about it.
package struct ReefScene: Sendable {
  /// An animal of the picture.
  package struct Individual: Sendable {
    /// Its class.
    package var animal: ReefAnimal
    /// Its visible pixels.
    package var mask: Bitmap
    /// The part of its pixels within the picture that other animals hide.
    package var hiddenShare: Float
    /// Whether it has the colours of its surroundings.
    package var isCamouflaged: Bool
  }

  /// The picture.
  package let image: Image
  /// The class of each pixel: 0 unlabelled, else `ReefLabels.names[label - 1]`.
  package let labels: LabelMap
  /// The animals, the farthest first.
  package let animals: [Individual]
  /// The visible pixels of a school of small fish, where there is one.
  package let school: Bitmap?

  /// The owner numbers of animals begin here.
  private static let firstAnimal: Int32 = 100

  /// Draws a scene.
  ///
  /// - Parameters:
  ///   - index: The number of the scene: all random numbers depend on it and the seed alone.
  ///   - hasSchool: Whether there must be a school; otherwise one scene in twelve has one.
  package init(seed: UInt64, index: Int, size: ImageSize, hasSchool: Bool = false) {
    var painter = ReefPainter(
      height: size.height, width: size.width,
      random: RandomGenerator(seed: seed, sample: index, purpose: .drawing(stage: 0)))
    painter.furnish()
    let draws = painter.random.uniform() < 1.0 / 12
    if hasSchool || draws { painter.school() }
    let placed = ReefPlacement.fill(&painter)
    for (number, one) in placed.enumerated() {
      one.paint(on: &painter, number: Self.firstAnimal + Int32(number))
    }
    var noise = RandomGenerator(seed: seed, sample: index, purpose: .drawing(stage: 1))
    image = painter.finish(seed: noise.next())
    let owners = painter.owners
    var table =
      [Int32](repeating: 0, count: Int(Self.firstAnimal)) + placed.map { ReefLabels.label(of: $0.animal) }
    table.replaceSubrange(0..<ReefLabels.ofGround.count, with: ReefLabels.ofGround)
    labels = owners.labels(table, otherwise: 0)
    animals = placed.enumerated().map { number, one in
      let mask = owners.mask(of: Self.firstAnimal + Int32(number))
      return Individual(
        animal: one.animal, mask: mask, hiddenShare: 1 - Float(mask.area) / Float(max(1, one.area)),
        isCamouflaged: one.isCamouflaged)
    }
    let crowd = owners.mask(of: ReefGround.school.rawValue)
    school = crowd.area >= 40 ? crowd : nil
  }
}
