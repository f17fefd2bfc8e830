import Data
import Distribution
import Foundation
import Testing

@Suite struct RankTests {
  @Test func `Exchanges go on beside each other and keep their order`() throws {
    let got = try together(LocalCommunicator.group(of: 3)) { rank in
      let first = rank.exchange((0..<3).map { [UInt8(10 * rank.rank + $0)] }, receiving: [1, 1, 1])
      let second = rank.exchange((0..<3).map { _ in [7, 7] }, receiving: [2, 2, 2])
      let texts = try rank.gather(Array(repeating: UInt8(rank.rank), count: rank.rank))
      return (try second.received(), try first.received(), texts)
    }
    for (rank, (second, first, texts)) in got.enumerated() {
      #expect(first == (0..<3).map { [UInt8(10 * $0 + rank)] })
      #expect(second == [[7, 7], [7, 7], [7, 7]])
      #expect(texts == [[], [1], [2, 2]])
    }
  }

  @Test func `Channels may be used in another order on each rank`() throws {
    let got = try together(LocalCommunicator.group(of: 2)) { rank in
      let channels = rank.rank == 0 ? ExchangeChannel.allCases : ExchangeChannel.allCases.reversed()
      let pending = channels.map { channel in
        let byte = UInt8(10 * rank.rank + channel.rawValue)
        return (channel, rank.exchange([[byte], [byte]], receiving: [1, 1], on: channel))
      }
      return try pending.allSatisfy { channel, exchange in
        try exchange.received() == [[UInt8(channel.rawValue)], [UInt8(10 + channel.rawValue)]]
      }
    }
    #expect(got == [true, true])
  }

  @Test func `A rank that does not answer is named`() throws {
    let ranks = LocalCommunicator.group(of: 2, timeout: 0.05)
    #expect {
      try ranks[0].meet()
    } throws: {
      "\($0)" == "rank 1 has not answered for 0.05 s (distribution.timeout): the run ends"
    }
  }

  @Test func `Ranks that would not do the same are told what differs, and where`() throws {
    func introduction(_ config: String, step: String = "0", failure: String? = nil) -> Introduction {
      Introduction(facts: [.init("config", config), .init("step", step)], failure: failure)
    }
    func message(_ all: [Introduction]) -> String? {
      do {
        try Introduction.compare(all) { "rank \($0)" }
        return nil
      } catch { return "\(error)" }
    }
    #expect(message([introduction("a"), introduction("a")]) == nil)
    let differing = message([introduction("a"), introduction("b", step: "5"), introduction("a")])
    #expect(
      differing?.contains(
        "config: a on rank 0, rank 2; b on rank 1\n  step: 0 on rank 0, rank 2; 5 on rank 1") == true)
    // What all say is said once, what one says with its name.
    let failing = introduction("a", failure: "no such file")
    #expect(message([failing, failing]) == "no such file")
    #expect(message([introduction("a"), failing]) == "rank 1: no such file")
  }

  @Test(
    arguments: [
      ([:], nil), (["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"], [3, 4]),
      (["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"], nil),
      (["PMI_SIZE": "2", "PMI_RANK": "1"], [1, 2]),
      (["PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "1"], [1, 8]),
      // A script of a Slurm job is no step of it.
      (["SLURM_NTASKS": "8", "SLURM_PROCID": "0"], nil),
      (["OMPI_COMM_WORLD_SIZE": "many"], nil),
    ] as [([String: String], [Int]?)])
  func `A launcher is known by its variables`(environment: [String: String], wanted: [Int]?) throws {
    #expect(try Launcher(environment: environment).map { [$0.rank, $0.size] } == wanted)
  }

  @Test(
    arguments: [
      (["OMPI_COMM_WORLD_SIZE": "4"], 1), (["PMI_SIZE": "4"], nil),
      (["OMPI_COMM_WORLD_SIZE": "4", "OMPI_MCA_odls_base_sigkill_timeout": "60"], 60),
      (["OMPI_COMM_WORLD_SIZE": "4", "OMPI_MCA_odls_base_sigkill_timeout": "-3"], 0),
    ] as [([String: String], Double?)])
  func `It is known how long mpirun waits before it kills`(
    environment: [String: String], wanted: Double?
  ) throws {
    #expect(try #require(try Launcher(environment: environment)).patience == wanted)
  }

  @Test func `The end of a process of this machine is seen at once`() throws {
    let own = Neighbours.Place.own
    #expect(own.process == getpid())
    // It waits for the end of its input.
    let neighbour = Process()
    neighbour.executableURL = URL(fileURLWithPath: "/bin/cat")
    let input = Pipe()
    neighbour.standardInput = input
    try neighbour.run()
    var place = own
    place.process = neighbour.processIdentifier
    // What has a number of another machine does not count.
    let elsewhere = Neighbours.Place(machine: "elsewhere", process: Int32.max)
    let isSeen = Locked(false)
    let said = try [own, place, elsewhere].map { Array(try JSONEncoder().encode($0)) }
    Neighbours(ofRank: 1).watch(said, except: 0) { isSeen.change { $0 = true } }
    #expect(!isSeen.withLock { $0 })
    kill(neighbour.processIdentifier, SIGKILL)
    let seen: Bool? = isSeen.wait(until: Date(timeIntervalSinceNow: 20)) { $0 ? true : nil }
    #expect(seen == true)
    neighbour.waitUntilExit()
  }

  @Test func `A line between machines ends with either of them, and takes no strangers`() throws {
    let (listener, end) = try #require(Lifeline.listen())
    let heard = Locked<[Lifeline.Caller]>([])
    // One with a wrong password, then the right one.
    let thread = Thread {
      var awaited = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
      for _ in 0..<2 {
        _ = poll(&awaited, 1, 20_000)
        let line = Lifeline.take(listener, end)
        heard.change { $0.append(line) }
      }
    }
    thread.start()
    var (stranger, friend) = (end, end)
    (stranger.addresses, friend.addresses) = (["127.0.0.1"], ["no address", "127.0.0.1"])
    stranger.password = String(repeating: "x", count: end.password.count)
    #expect(Lifeline.call(stranger) == nil)
    let line = try #require(Lifeline.call(friend))
    let taken: [Lifeline.Caller] = heard.wait { $0.count == 2 ? $0 : nil }
    #expect(taken[0] == .stranger)
    guard case .known(let own) = taken[1] else {
      Issue.record("\(taken[1])")
      return
    }
    var other = pollfd(fd: own, events: Int16(POLLIN), revents: 0)
    #expect(poll(&other, 1, 0) == 0)
    close(line)
    #expect(poll(&other, 1, 20_000) == 1)
    close(other.fd)
    close(listener)
  }

  @Test func `A call that the system does not let in is tried again later, not at once`() throws {
    // Nobody can call a pipe, and it stays to be read.
    let (calls, others) = (Pipe(), Pipe())
    calls.fileHandleForWriting.write(Data([0]))
    let listener = calls.fileHandleForReading.fileDescriptor
    let (unused, end) = try #require(Lifeline.listen())
    close(unused)
    #expect(Lifeline.take(listener, end) == .unheard)
    var tries: [ContinuousClock.Instant] = []
    Neighbours.attend([others.fileHandleForReading.fileDescriptor], listener, pause: 50) { listener in
      tries.append(.now)
      // The second time another process ends, too.
      if tries.count == 2 { try? others.fileHandleForWriting.close() }
      return Lifeline.take(listener, end)
    }
    #expect(tries.count == 2 && tries[1] - tries[0] >= .milliseconds(45))
  }

  @Test func `Processes that cannot find each other are refused`() {
    #expect(throws: UnconnectedProcesses(rank: 1, size: 2)) {
      try Launcher(environment: ["SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"])
    }
    #expect("\(UnconnectedProcesses(rank: 1, size: 2))".contains("--mpi=pmix"))
  }
}
