import Data
import Imaging
import Tensors

/// Pictures of one animal each, for classifiers.
extension Reef {
  /// The splits with the numbers of their pictures.
  var portraitSplits: [(name: String, range: Range<Int>)] {
    [("train", 0..<trainingCount), ("val", trainingCount..<images)]
  }

  /// The class folders and how many pictures each holds.
  var portraitFolders: [(name: String, count: Int)] {
    portraitSplits.flatMap { split, range in
      ReefAnimal.allCases.enumerated().map { place, animal in
        let animals = ReefAnimal.allCases.count
        return ("\(split)/\(animal.name)", (range.count + animals - 1 - place) / animals)
      }
    }
  }

  /// A picture by its number in the whole set, training first: the animals take turns within a split.
  package func portrait(_ index: Int) -> (image: Image, animal: ReefAnimal) {
    let place = index < trainingCount ? index : index - trainingCount
    let animals = ReefAnimal.allCases
    let animal = animals[place % animals.count]
    var painter = ReefPainter(
      height: size.height, width: size.width,
      random: RandomGenerator(seed: seed, sample: index, purpose: .drawing(stage: 2)))
    painter.furnish()
    ReefPlacement.portrait(of: animal, &painter).paint(on: &painter, number: 100)
    var noise = RandomGenerator(seed: seed, sample: index, purpose: .drawing(stage: 3))
    return (painter.finish(seed: noise.next()), animal)
  }

  /// Draws `train/<animal>/0001.jpg` and so on.
  func writePortraits(below root: String, _ progress: @escaping @Sendable (_ done: Int) -> Void) throws {
    for (name, _) in portraitFolders { try Self.makeFolder("\(root)/\(name)") }
    let state = Locked((done: 0, failure: (any Error)?.none))
    for (split, range) in portraitSplits {
      parallel(range.count) { piece in
        guard state.withLock({ $0.failure == nil }) else { return }
        do {
          let (image, animal) = portrait(range.lowerBound + piece)
          let digits = String(piece / ReefAnimal.allCases.count + 1)
          let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
          try image.writeJPEG(to: "\(root)/\(split)/\(animal.name)/\(number).jpg")
          progress(
            state.withLock {
              $0.done += 1
              return $0.done
            })
        } catch { state.withLock { $0.failure = $0.failure ?? error } }
      }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }
}
