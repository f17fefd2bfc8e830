import Files

/// Finds images that are in the data more than once: files of one size are compared by what is in them.
struct RepeatedImages {
  /// The parts of the data by the place of their first use: training, validation, test.
  private var uses: [String: Set<Int>] = [:]
  private var order: [String] = []

  /// Notes that a data set uses an image.
  mutating func add(_ path: String, use: Int) {
    if uses[path] == nil { order.append(path) }
    uses[path, default: []].insert(use)
  }

  /// Images that are others' equals.
  ///
  /// - Parameter training: The place of the data that are learnt from; nil where there are none.
  func faults(training: Int?) -> [DataFault] {
    var faults: [DataFault] = []
    for path in order
    where training.map({ uses[path]?.contains($0) == true && (uses[path]?.count ?? 0) > 1 }) == true {
      faults.append(leak(path, "is in the training data and in those that judge it"))
    }
    for (path, first) in FileCopies.firsts(of: order) {
      let (one, other) = (uses[first] ?? [], uses[path] ?? [])
      if let training, one != other, one.contains(training) != other.contains(training) {
        faults.append(
          leak(path, "holds the same as \(first): one is learnt from, the other judges what was learnt"))
      } else if FileIdentity(first) != FileIdentity(path) {
        faults.append(
          DataFault(
            file: path, kind: "duplicate_image", message: "holds the same as \(first)", severity: .note,
            effect: "training sees it twice as often, and a test counts it twice"))
      }
    }
    let places = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
    return faults.sorted { (places[$0.file] ?? 0) < (places[$1.file] ?? 0) }
  }

  private func leak(_ path: String, _ message: String) -> DataFault {
    DataFault(
      file: path, kind: "image_in_training_and_test", message: message, severity: .note,
      effect: "figures of the validation or test are better than those of new images")
  }
}

/// Files that hold the same bytes as others.
package enum FileCopies {
  /// The first file of the same content, for each that is not the first itself. Only files of one size are read; those
  /// that cannot be are nobody's copies.
  package static func firsts(of paths: [String]) -> [String: String] {
    var sizes: [Int: [String]] = [:]
    for path in paths {
      if let file = try? RegularFile(path), file.size > 0 { sizes[file.size, default: []].append(path) }
    }
    var firsts: [String: String] = [:]
    for paths in sizes.values where paths.count > 1 {
      var seen: [String: String] = [:]
      for path in paths {
        guard let digest = try? SHA256.digest(ofFile: path) else { continue }
        if let first = seen[digest] { firsts[path] = first } else { seen[digest] = path }
      }
    }
    return firsts
  }
}
