import Checkpoints
import Distribution
import Files
import Modeling

extension TrainerParts {
  /// What all ranks of a run have to have alike before they open its weights.
  var facts: [Introduction.Fact] {
    var config = SHA256()
    config.update(settings.configuration.utf8)
    let annotations = settings.annotations.map(\.checksum).joined(separator: " ")
    return [
      Introduction.Fact("program", RunFacts.programIdentity),
      Introduction.Fact("config", "\(config.finished().prefix(12))"),
      Introduction.Fact("seed", "\(settings.seed)"),
      Introduction.Fact(
        "data", "\(loader.dataset.count) images" + (annotations.isEmpty ? "" : ", checksum \(annotations)")),
    ]
  }
}

extension Trainer {
  /// What all ranks of a run have to have alike before the first step.
  var startingFacts: [Introduction.Fact] {
    [
      Introduction.Fact("step", "\(iteration)"),
      Introduction.Fact("weights", "checksum \(model.checksum)"),
    ]
  }
}

extension TestRun {
  /// What all ranks of a test have to have alike.
  public var facts: [Introduction.Fact] {
    [
      Introduction.Fact("program", RunFacts.programIdentity),
      Introduction.Fact("data", "\(loader.dataset.count) images"),
      Introduction.Fact("weights", "checksum \(model.checksum)"),
      Introduction.Fact("precision", precision.precision.rawValue),
    ]
  }
}

extension Model {
  /// A checksum of all weights.
  fileprivate var checksum: String {
    var sum: UInt32 = 0
    for (_, parameter) in parameters {
      sum = parameter.value.values.withUnsafeBytes { Checksum.crc32(Array($0), after: sum) }
    }
    return Checksum.text(sum)
  }
}

extension RunFacts {
  /// The version and a checksum of the program.
  static var programIdentity: String {
    var sum: UInt32 = 0
    // Where the system does not say, the version has to do.
    if let file = try? RegularFile("/proc/self/exe", wanted: "the program") {
      let piece = 1 << 22
      for start in stride(from: 0, to: file.size, by: piece) {
        guard let bytes = try? file.read(start..<min(file.size, start + piece)) else { break }
        sum = Checksum.crc32(bytes, after: sum)
      }
    }
    return "dense \(version), checksum \(Checksum.text(sum))"
  }
}
