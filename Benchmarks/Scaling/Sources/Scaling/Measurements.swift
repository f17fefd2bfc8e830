/// What was measured; `docs/distribution.md` tells how.
enum Measurements {
  /// Cores of a node that is reckoned with, and of the machine that was measured.
  static let cores = 16, measuredCores = 2.0

  /// Bytes that a rank brings on their way in a second of the thread that sends, by TCP without a limit: 0.04 s for the
  /// 50 MB of `dense benchmark ranks --size 50` on two ranks (of 0.053 s in all; perf), nearly all of it MPI's and the system's.
  static let engine = 1250e6

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

  /// Sums of 12 MB alone, `dense benchmark ranks --size 12`, and a step of a small Mask R-CNN of 6.9 MB, all while others
  /// kept both cores busy: what is more than the model's is theirs, too.
  static let runs =
    [(2, 100.0, 1.50), (3, 100, 2.10), (2, 400, 0.64), (3, 400, 0.88)].map { hosts, megabits, seconds in
      Run(
        name: "sum of 12 MB", hosts: hosts, link: "\(Int(megabits)) Mbit/s",
        network: Network(bandwidth: megabits * 1e6 / 8 * 0.94, latency: 200e-6),
        work: Work(name: "", forward: 0, backward: 0, update: 0, gradients: 12e6, words: 0), seconds: seconds)
    } + [
      Run(
        name: "sum of 50 MB", hosts: 2, link: "1 Gbit/s",
        network: Network(bandwidth: 1e9 / 8 * 0.94, latency: 50e-6),
        work: Work(name: "", forward: 0, backward: 0, update: 0, gradients: 50e6, words: 0), seconds: 0.63),
      Run(
        name: "sum of 50 MB", hosts: 3, link: "1 Gbit/s",
        network: Network(bandwidth: 1e9 / 8 * 0.94, latency: 50e-6),
        work: Work(name: "", forward: 0, backward: 0, update: 0, gradients: 50e6, words: 0), seconds: 0.91),
      Run(
        name: "sum of 50 MB", hosts: 2, link: "10 Gbit/s",
        network: Network(bandwidth: 10e9 / 8 * 0.94, latency: 50e-6),
        work: Work(name: "", forward: 0, backward: 0, update: 0, gradients: 50e6, words: 0), seconds: 0.12),
      Run(
        name: "step, 1.21 s without a limit", hosts: 2, link: "200 Mbit/s",
        network: Network(bandwidth: 200e6 / 8 * 0.94, latency: 200e-6),
        work: Work(name: "", forward: 0.4, backward: 0.8, update: 0.01, gradients: 6.9e6, words: 3),
        seconds: 1.36),
    ]

  /// A shipped recipe, with the step of one shard on the measured machine, whose two cores make 198 GFLOP/s in products:
  /// `dense benchmark model CONFIG --mode train`, of which a third is taken as forward.
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
        name: "VMamba-T Mask R-CNN, 2 images of 1280 x 800", forward: 4.8, backward: 9.6, update: 0.1,
        gradients: 170e6, words: 3)),
    Recipe(
      work: Work(
        name: "VMamba-T UperNet, 2 images of 512 x 512", forward: 2.6, backward: 5.3, update: 0.1,
        gradients: 218e6, words: 29)),
  ]

  /// A link by its name, with the latency of a switch between.
  static let links = [1.0, 10, 25, 100].map { gigabits in
    (
      name: "\(Int(gigabits)) Gbit/s", network: Network(bandwidth: gigabits * 1e9 / 8 * 0.94, latency: 50e-6)
    )
  }
}
