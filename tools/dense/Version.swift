import ArgumentParser
import Tensors
import Training

/// `dense version`
struct Version: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say which version this is, and what it computes with.")

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  private struct Report: Encodable {
    var version, blas, simd: String
    var threads: Int
    var processor: String
    /// Nothing is linked: only what a launcher has started opens its library.
    var mpi: String?

    enum CodingKeys: String, CodingKey { case version, blas, simd, threads, processor, mpi }

    func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(version, forKey: .version)
      try keys.encode(blas, forKey: .blas)
      try keys.encode(simd, forKey: .simd)
      try keys.encode(threads, forKey: .threads)
      try keys.encode(processor, forKey: .processor)
      // A key that is null is there.
      try keys.encode(mpi, forKey: .mpi)
    }
  }

  func run() throws {
    threads.apply()
    try Output.reporting(json: json) {
      let facts = RunFacts()
      let report = Report(
        version: RunFacts.version, blas: facts.compute.blas, simd: facts.compute.kernels,
        threads: facts.threads,
        processor: facts.processor)
      if json {
        try Output.json(report)
      } else {
        try Output.print(
          """
          dense \(report.version)
          processor: \(report.processor), \(facts.cores) cores
          kernels: \(report.simd); OpenBLAS core: \(report.blas); threads: \(report.threads)
          """)
      }
    }
  }
}
