import Distribution
import Testing

@Suite struct CoreShareTests {
  private let eight = Array(0..<8)

  @Test func `Ranks of a machine have no core in common`() {
    // Each was given all of them, or one of many: they are shared out anew.
    for given in [[eight, eight], [[0], [1]]] {
      #expect(CoreShare.cores(of: 0, given: given, machine: eight) == [0, 1, 2, 3])
      #expect(CoreShare.cores(of: 1, given: given, machine: eight) == [4, 5, 6, 7])
    }
    // The launcher has shared out all of them.
    #expect(CoreShare.cores(of: 1, given: [[0, 2, 4, 6], [1, 3, 5, 7]], machine: eight) == [1, 3, 5, 7])
    let three = (0..<3).map { CoreShare.cores(of: $0, given: [eight, eight, eight], machine: eight) }
    #expect(three.map(\.count) == [2, 3, 3] && three.flatMap { $0 } == eight)
    #expect(CoreShare.cores(of: 2, given: Array(repeating: [0, 1], count: 4), machine: [0, 1]).isEmpty)
  }

  @Test func `Ranks that share a socket share out its cores`() {
    let given = [[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 2, 3], [4, 5, 6, 7]]
    #expect(
      (0..<4).map { CoreShare.cores(of: $0, given: given, machine: eight) } == [
        [0, 1], [4, 5], [2, 3], [6, 7],
      ])
    // Sets that cut through each other are none to keep.
    #expect(
      CoreShare.cores(of: 1, given: [[0, 1, 2, 3, 4], [4, 5, 6, 7]], machine: eight) == [4, 5, 6, 7])
  }

  @Test(
    arguments: [
      // Two ranks with two cores each: Slurm has tied them.
      (["4", "2"], [[4, 5], [6, 7]], [4, 5, 6, 7], 1, [6, 7], 2),
      // It has tied them to nothing, and the job has four of eight cores, or all.
      (["4", nil], [Array(0..<8), Array(0..<8)], Array(0..<8), 1, Array(0..<8), 2),
      (["8", nil], [Array(0..<8), Array(0..<8)], Array(0..<8), 1, [4, 5, 6, 7], 4),
      // All of the machine, of which a rank is to use two.
      (["8", "2"], [Array(0..<8)], Array(0..<8), 0, Array(0..<8), 2),
      // More ranks than cores.
      (["1", nil], [Array(0..<8), Array(0..<8)], Array(0..<8), 0, Array(0..<8), 1),
    ] as [([String?], [[Int]], [Int], Int, [Int], Int)])
  func `Ranks of a job leave the cores of others alone`(
    variables: [String?], given: [[Int]], machine: [Int], index: Int, cores: [Int], count: Int
  ) throws {
    var environment = ["SLURM_JOB_ID": "7"]
    environment["SLURM_CPUS_ON_NODE"] = variables[0]
    environment["SLURM_CPUS_PER_TASK"] = variables[1]
    let job = try #require(JobCores(environment: environment))
    #expect(
      CoreShare.share(of: index, given: given, machine: machine, job: job)
        == CoreShare.Share(cores: cores, count: count))
  }

  @Test(
    arguments: [
      ([:], nil), (["SLURM_CPUS_ON_NODE": "4"], nil), (["SLURM_JOB_ID": "7"], nil),
      (["SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "4"], 4),
      (["SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "16", "SLURM_CPUS_PER_TASK": "4"], 4),
      (["SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "0"], nil),
      (["SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "4", "SLURM_CPUS_PER_TASK": "all"], 4),
    ] as [([String: String], Int?)])
  func `A process alone in a job has as many threads as the job has cores`(
    environment: [String: String], wanted: Int?
  ) {
    #expect(JobCores(environment: environment)?.most == wanted)
  }

  @Test func `What has started a rank is found behind shells`() throws {
    let forebears: [Int32: (name: String, parent: Int32)] = [
      9: ("bash", 8), 8: ("orted", 7), 7: ("slurmstepd", 1), 6: ("bash", 1), 1: ("systemd", 0),
      5: ("mpirun.openmpi", 6), 4: ("mpirunner", 1), 3: ("loop", 3),
    ]
    func name(_ process: Int32) -> String? { Starter.find(from: process) { forebears[$0] }?.name }
    #expect([9, 7, 5].map(name) == ["orted", "slurmstepd", "mpirun.openmpi"])
    #expect([6, 4, 3, 2].map(name) == [nil, nil, nil, nil])
    let facts = try #require(Starter.facts("12 (a (b) c) S 34 12 12 0"))
    #expect(facts.name == "a (b) c" && facts.parent == 34)
    #expect(Starter.facts("12 orted") == nil && Starter.facts(")(") == nil)
  }
}
