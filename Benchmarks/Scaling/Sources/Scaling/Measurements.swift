/// What was measured; `docs/distribution.md` tells how.
enum Measurements {
  /// Cores of a node that is reckoned with, and of the machine that was measured.
  static let cores = 16, measuredCores = 2.0

  /// Bytes that a rank brings on their way in a second of the thread that sends, by TCP without a limit: 0.044 s for the
  /// 50 MB of `dense benchmark ranks --size 50`, many sums one after the other; most of it is the system's.
  static let engine = 1140e6

  /// Bytes that two cores copy in a second: half of the M of `dense benchmark ops`, which counts reading and writing. Nodes
  /// of more cores are given no more.
  static let copying = 15e9

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

  /// Sums alone, `dense benchmark ranks`, on a machine that does nothing else; and steps of a small Mask R-CNN of 6.9 MB and
  /// of a UperNet of 4.2 MB (medians of two runs), measured while others kept both cores busy.
  static let runs =
    [
      (12.0, 2, 100.0, 200e-6, 1.04), (12, 3, 100, 200e-6, 1.54), (12, 2, 400, 200e-6, 0.25),
      (12, 3, 400, 200e-6, 0.35), (50, 2, 1000, 50e-6, 0.44), (50, 3, 1000, 50e-6, 0.60),
      (50, 2, 10_000, 50e-6, 0.09),
    ].map { megabytes, hosts, megabits, latency, seconds in
      Run(
        name: "sum of \(Int(megabytes)) MB", hosts: hosts,
        link: megabits < 1000 ? "\(Int(megabits)) Mbit/s" : "\(Int(megabits / 1000)) Gbit/s",
        network: Network(bandwidth: megabits * 1e6 / 8 * 0.94, latency: latency),
        work: Work(name: "", forward: 0, backward: 0, update: 0, gradients: megabytes * 1e6, words: 0),
        seconds: seconds)
    } + [
      Run(
        name: "step, 1.21 s without a limit", hosts: 2, link: "200 Mbit/s",
        network: Network(bandwidth: 200e6 / 8 * 0.94, latency: 200e-6),
        work: Work(name: "", forward: 0.4, backward: 0.8, update: 0.01, gradients: 6.9e6, words: 3),
        seconds: 1.36)
    ]
    + [(200.0, 200e-6, 0.59), (1000, 50e-6, 0.50), (10_000, 50e-6, 0.45)].map { megabits, latency, seconds in
      Run(
        name: "step of the quickstart's UperNet, 0.45 s without a limit", hosts: 2,
        link: megabits < 1000 ? "\(Int(megabits)) Mbit/s" : "\(Int(megabits / 1000)) Gbit/s",
        network: Network(bandwidth: megabits * 1e6 / 8 * 0.94, latency: latency),
        work: Work(name: "", forward: 0.15, backward: 0.29, update: 0.01, gradients: 4.2e6, words: 3),
        seconds: seconds)
    }

  /// A shipped recipe, with the step of one shard on the measured machine, whose two cores make 200 GFLOP/s in products:
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
        name: "VMamba-T Mask R-CNN, 2 images of 1280 x 800", forward: 4.3, backward: 8.7, update: 0.1,
        gradients: 170e6, words: 3)),
    Recipe(
      work: Work(
        name: "VMamba-T UperNet, 2 images of 512 x 512", forward: 2.3, backward: 4.5, update: 0.1,
        gradients: 218e6, words: 29)),
  ]

  /// A link by its name, with the latency of a switch between.
  static let links = [1.0, 10, 25, 100].map { gigabits in
    (
      name: "\(Int(gigabits)) Gbit/s", network: Network(bandwidth: gigabits * 1e9 / 8 * 0.94, latency: 50e-6)
    )
  }
}
