/// What was measured; `docs/distribution.md` tells how.
enum Measurements {
  /// Cores of a node that is reckoned with, and of the machine that was measured.
  static let cores = 16, measuredCores = 2.0

  /// Bytes a second that a rank brings on their way by TCP without a limit: `dense benchmark ranks`.
  static let engine = 1e9

  /// A run of one rank and one thread a host: `namespaces.sh`.
  struct Run {
    var name: String
    var hosts: Int
    var link: String
    var network: Network
    var work: Work
    var overlaps = true
    /// Seconds a step, measured.
    var seconds: Double
  }

  static let runs: [Run] = []

  /// A shipped recipe, with the step of one shard on the measured machine: `dense benchmark model CONFIG --mode train`.
  struct Recipe {
    var work: Work

    /// The same on a node of many cores, all of which are put to use: the least time for gradients to be sent in.
    var onLargeNode: Work {
      var node = work
      let factor = Measurements.measuredCores / Double(Measurements.cores)
      (node.forward, node.backward, node.update) = (
        work.forward * factor, work.backward * factor, work.update * factor
      )
      return node
    }
  }

  static let recipes = [
    Recipe(
      work: Work(
        name: "VMamba-T Mask R-CNN, 2 images of 1333 x 800", forward: 1, backward: 2, update: 0.1,
        gradients: 170e6, words: 3)),
    Recipe(
      work: Work(
        name: "VMamba-T UperNet, 2 images of 512 x 512", forward: 1, backward: 2, update: 0.1,
        gradients: 218e6, words: 29)),
  ]

  /// A link by its name, with the latency of a switch between.
  static let links = [1.0, 10, 25, 100].map { gigabits in
    (
      name: "\(Int(gigabits)) Gbit/s", network: Network(bandwidth: gigabits * 1e9 / 8 * 0.94, latency: 50e-6)
    )
  }
}
