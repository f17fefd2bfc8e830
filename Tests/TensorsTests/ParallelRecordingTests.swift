import Tensors
import Testing

@Suite("recording of parallel loops", .serialized)
struct ParallelRecordingTests {
  @Test(
    "pieces go to whoever is free, in their order",
    arguments: [
      (1, 10.0), (2, 7), (3, 6), (4, 5), (64, 4),
    ])
  func schedule(threads: Int, seconds: Double) throws {
    var region = try #require(ParallelRecording.record { parallel(5) { _ in } }.regions.first)
    region.pieces = [2, 2, 1, 1, 4]
    #expect(region.seconds(threads: threads, overhead: 0) == seconds)
    #expect(region.seconds(threads: threads, overhead: 0.5) == seconds + (threads > 1 ? 0.5 : 0))
  }

  @Test("loops are recorded with their pieces under their operation, the time between as serial")
  func recording() {
    let x = Tensor.pattern([512, 256]).withGradient()
    var y: Tensor?
    let trace = ParallelRecording.record {
      parallel(3) { piece in parallel(5) { _ in _ = piece } }
      y = x.relu()
    }
    #expect(trace.regions.first?.pieces.count == 3)
    #expect(trace.regions.first?.operation == "between operations")
    #expect(trace.regions.contains { $0.operation == "relu" && $0.pieces.count > 1 })
    #expect(trace.serial["relu"] != nil)
    #expect(trace.seconds >= trace.regions.reduce(0) { $0 + $1.seconds })
    #expect(y?.count == x.count)
    let after = ParallelRecording.record {}
    #expect(after.regions.isEmpty)
  }
}
