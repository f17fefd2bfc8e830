import Analysis
import Backbones
import Classification
import Imaging
import Modeling
import Tensors
import Testing

@Suite("benchmark of threads", .serialized)
struct ThreadBenchmarkTests {
  @Test("reckons what more threads would give, and names what is serial")
  func reckoning() throws {
    var components = Components()
    components.addBackbones()
    components.addClassification()
    let size = ImageSize(height: 64, width: 64)
    let subject = try StandaloneModel(
      BenchmarkedKind.classifier.configuration(), components: components, size: size, isTraining: true)
    let count = Threads.count
    let report = try ModelBenchmark(
      subject, mode: .train, size: size, batch: 2, multiplyAccumulates: { _, _ in nil }
    ).threads([2, 16], rounds: 1)
    #expect(Threads.count == count)
    #expect(Set([2, 16]).isSubset(of: report.threads.map(\.threads)))
    #expect(report.threads.allSatisfy { $0.predicted > 0 && $0.predicted <= Double($0.threads) })
    #expect(report.serialShare > 0 && report.serialShare <= 1 && report.loops > 0)
    #expect(!report.serial.isEmpty && !report.operations.isEmpty)
    #expect(report.text().contains("threads   predicted"))
  }
}
