/// What one node does in a step, measured without any other.
struct Work {
  /// The recipe.
  var name: String
  /// Seconds of the forward and the backward pass, and of the update.
  var forward, backward, update: Double
  /// Bytes of all gradients.
  var gradients: Double
  /// Small exchanges in a step beside the gradients that it waits for: figures, running statistics, the wish to stop, and
  /// each SyncBN norm forward and backward.
  var words: Int
}

/// What lies between the nodes.
struct Network {
  /// Bytes a second that a node sends and receives at the same time.
  var bandwidth: Double
  /// Seconds of a small message.
  var latency: Double
  /// Seconds that each message takes its sender.
  var overhead = 5e-6
}

/// The time of a step: each node computes the shards of its own, and gradients are summed bucket by bucket while the
/// backward pass goes on.
///
/// Gradients come evenly over the backward pass. In truth those of the heads, which have the large weights, come early, so
/// that this is on the safe side. Of a bucket of b bytes a node sends (n - 1) / n b to those that add it up, and as many of
/// sums back; one bucket after the other.
struct StepModel {
  var work: Work
  var network: Network
  /// Bytes a second that the thread that sends brings on their way where the network is no limit.
  var engine: Double
  /// Bytes a second that all threads copy from one place to another: gradients into messages, and sums out of them, while
  /// nothing else is computed.
  var copying: Double
  /// Whether buckets set out while the backward pass goes on, or behind it.
  var overlaps = true

  /// Sizes of the buckets, the first one first.
  private var buckets: [Double] {
    var sizes: [Double] = []
    var left = work.gradients
    while left > 0 {
      let size = min(left, Double((sizes.isEmpty ? 1 : 25) << 20))
      sizes.append(size)
      left -= size
    }
    return sizes
  }

  /// Seconds of a step on so many nodes, each with as many shards as one alone has.
  func seconds(nodes: Int) -> Double {
    let computed = work.forward + work.backward
    guard nodes > 1 else { return computed + work.update }
    let others = Double(nodes - 1)
    let small = network.latency + others * network.overhead
    let rate = min(network.bandwidth, engine)
    // SyncBN's sums hold the passes up; half of the words are taken as theirs.
    let waits = Double(work.words) * small + 2 * work.gradients / copying
    var (ready, free) = (overlaps ? work.forward : computed, 0.0)
    for bucket in buckets {
      if overlaps { ready += work.backward * bucket / work.gradients }
      free = max(ready, free) + 2 * (others / Double(nodes) * bucket / rate + others * network.overhead)
    }
    return max(computed, free + 2 * network.latency) + waits + work.update
  }

  /// The seconds of one node over those of so many, each of which does as much.
  func efficiency(nodes: Int) -> Double { seconds(nodes: 1) / seconds(nodes: nodes) }
}
