import Tensors
import Testing

@Suite("control groups")
struct ControlGroupsTests {
  /// `/proc/self/cgroup`, files that can be read, and the limit.
  typealias Case = (groups: String, files: [String: String], limit: Int?)

  static let memory: [Case] = [
    ("0::/a/b\n", ["/sys/fs/cgroup/a/b/memory.max": "max\n"], nil),
    ("0::/a/b\n", ["/sys/fs/cgroup/a/b/memory.max": "4096\n"], 4096),
    ("0::/a/b\n", ["/sys/fs/cgroup/a/b/memory.max": "max\n", "/sys/fs/cgroup/a/memory.max": "100\n"], 100),
    ("0::/\n", ["/sys/fs/cgroup/memory.max": "7\n"], 7),
    ("0::/host/path\n", ["/sys/fs/cgroup/memory.max": "9\n"], 9),
    ("5:cpu:/a\n4:memory:/a\n", ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "12\n"], 12),
    ("4:hugetlb,memory:/a\n", ["/sys/fs/cgroup/memory/memory.limit_in_bytes": "13\n"], 13),
    ("5:cpu:/a\n", ["/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "12\n"], nil),
    ("nonsense\n::\n", [:], nil), ("", [:], nil),
  ]

  @Test("the least limit of memory counts", arguments: memory)
  func memoryLimit(groups: String, files: [String: String], limit: Int?) {
    #expect(ControlGroups(groups: groups) { files[$0] }.memoryLimit == limit)
  }

  static let cores: [Case] = [
    ("0::/a/b\n", ["/sys/fs/cgroup/a/b/cpu.max": "max 100000\n"], nil),
    ("0::/a/b\n", ["/sys/fs/cgroup/a/b/cpu.max": "200000 100000\n"], 2),
    ("0::/a/b\n", ["/sys/fs/cgroup/a/b/cpu.max": "250000 100000\n"], 3),
    ("0::/a/b\n", ["/sys/fs/cgroup/a/b/cpu.max": "1000 100000\n"], 1),
    (
      "0::/a/b\n",
      ["/sys/fs/cgroup/a/cpu.max": "400000 100000\n", "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n"], 4
    ),
    (
      "4:cpu,cpuacct:/a\n",
      [
        "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "150000\n",
        "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
      ], 2
    ),
    (
      "4:cpu:/a\n",
      [
        "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
      ], nil
    ),
    ("4:cpu:/a\n", ["/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "100000\n"], nil),
    ("0::/\n", ["/sys/fs/cgroup/cpu.max": "100000 0\n"], nil),
    ("0::/\n", ["/sys/fs/cgroup/cpu.max": ""], nil),
  ]

  @Test("the least share of processor time counts, in whole cores", arguments: cores)
  func coreLimit(groups: String, files: [String: String], limit: Int?) {
    #expect(ControlGroups(groups: groups) { files[$0] }.cores == limit)
  }
}

@Suite("cores a process may use")
struct AvailableCoresTests {
  @Test(
    "are those that the system says it is bound to",
    arguments: [
      ("Name:\tdense\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n", 8), ("Cpus_allowed_list:\t3\n", 1),
      ("Cpus_allowed_list:\t0-1,4,6-7\n", 5), ("Cpus_allowed_list:\t\n", nil),
      ("Cpus_allowed_list:\t7-3\n", nil),
      ("Cpus_allowed_list:\tall\n", nil), ("Cpus_allowed_list:\t0-99999999999999999999\n", nil), ("", nil),
    ] as [(String, Int?)])
  func bound(status: String, count: Int?) { #expect(AvailableCores.bound(status: status) == count) }

  @Test("are one or more") func current() { #expect(Threads.available >= 1) }
}
