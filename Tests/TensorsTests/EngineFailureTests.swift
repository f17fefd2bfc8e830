import Tensors
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// The last line a process says, and nothing beside it.
private func lastWords(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}

@Suite("ends of the engine")
struct EngineFailureTests {
  @Test("shapes that do not fit end the program with one line that has both, and status 1")
  func shapes() async {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]) + Tensor.zeros([2, 4])
    }
    #expect(lastWords(result) == "error: shapes [2, 3] and [2, 4] do not broadcast\n")
  }

  @Test("a piece of a parallel loop may fail, and several at once say one line")
  func threads() async {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      Threads.count = 4
      parallel(64) { _ in require(false, "a piece\nthat fails") }
    }
    #expect(lastWords(result) == "error: a piece that fails\n")
  }

  @Test("listeners are told before the end, but for those that have been forgotten")
  func listeners() async {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardOutputContent]) {
      let forgotten = EngineFailure.onFailure { print("forgotten: \($0)") }
      _ = EngineFailure.onFailure { print("log: \($0)") }
      EngineFailure.forget(forgotten)
      _ = Tensor.zeros([2]).scalar
    }
    let told = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
    #expect(told.contains("log: a tensor of shape [2] is not one number"))
    #expect(!told.contains("forgotten"))
  }

  @Test("a listener that fails itself does not keep the program from its end")
  func failingListener() async {
    await #expect(processExitsWith: .exitCode(1)) {
      _ = EngineFailure.onFailure { _ in EngineFailure.end("once more") }
      EngineFailure.end("first")
    }
  }

  @Test("a standard error that nobody reads, or that is closed, changes nothing")
  func closedOutput() async {
    await #expect(processExitsWith: .exitCode(1)) {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { return }
      close(ends[0])
      dup2(ends[1], STDERR_FILENO)
      EngineFailure.end("to nobody")
    }
    await #expect(processExitsWith: .exitCode(1)) {
      close(STDERR_FILENO)
      EngineFailure.end("to nobody")
    }
  }

  @Test("a tensor beyond all memory ends with its shape, what it needs and what there is")
  func memory() async {
    let huge = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([65_536, 65_536, 65_536])
    }
    #expect(
      lastWords(huge).hasPrefix(
        "error: out of memory: a tensor [65536, 65536, 65536] needs 1125899.9 GB beside 0 MB of others; "))
    #expect(lastWords(huge).filter(\.isNewline).count == 1)
    let uncountable = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([1 << 40, 1 << 40])
    }
    #expect(lastWords(uncountable).hasPrefix("error: out of memory: a tensor [1099511627776, 1099511627776]"))
    let pooled = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      let pool = BufferPool(limit: 0, memory: ProcessMemory(limit: 4_000_000_000, source: "a test"))
      _ = pool.take(bytes: 1_200_000_000)
      _ = pool.take(bytes: 3_000_000_000) { "the columns of a convolution" }
    }
    #expect(
      lastWords(pooled).hasPrefix(
        "error: out of memory: the columns of a convolution needs 3.0 GB beside 1.2 GB of others; "
          + "the process may have 4.0 GB (a test)"))
  }

  @Test("an extent of 0 beside one beyond all memory is an empty tensor")
  func empty() {
    #expect(Tensor.zeros([1 << 40, 1 << 40, 0]).count == 0)
  }

  @Test("operations take float32 only")
  func elementTypes() async {
    let half = Tensor.zeros([2, 3], elementType: .bfloat16)
    #expect(half.elementType == .bfloat16 && half.count == 6 && Tensor.ones([2]).elementType == .float32)
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3], elementType: .bfloat16) + Tensor(1)
    }
    #expect(lastWords(result) == "error: add of a tensor [2, 3] of bfloat16\n")
    await #expect(processExitsWith: .exitCode(1)) {
      _ = Tensor.zeros([2, 3], elementType: .bfloat16).values
    }
  }
}

@Suite("memory a process may have")
struct ProcessMemoryTests {
  @Test("there is a limit")
  func current() { #expect(ProcessMemory.current.limit > 0) }

  @Test(
    "bytes are said in the unit people use",
    arguments: [(0, "0 MB"), (350_400_000, "350 MB"), (1_000_000_000, "1.0 GB"), (6_949_999_999, "6.9 GB")])
  func text(bytes: Int, text: String) { #expect(ProcessMemory.text(bytes) == text) }
}
