/// What the control groups of a process, and those above them, allow it (`man 7 cgroups`, versions 1 and 2).
package struct ControlGroups {
  /// What `/proc/self/cgroup` says: `0::/path` (version 2) and `7:memory:/path` (version 1) count.
  private let groups: String
  /// The text of a file, or nil.
  private let read: (_ file: String) -> String?

  /// The groups that a text names, among files that are read so.
  package init(groups: String, read: @escaping (_ file: String) -> String?) {
    (self.groups, self.read) = (groups, read)
  }

  /// Those of this process; nil where the system has none.
  package static var current: ControlGroups? {
    SystemFile.text("/proc/self/cgroup").map { ControlGroups(groups: $0, read: SystemFile.text) }
  }

  /// The least limit of memory, in bytes; nil without one.
  package var memoryLimit: Int? {
    folders(of: "memory").compactMap { folder, version in
      let name = version == 2 ? "memory.max" : "memory.limit_in_bytes"
      return numbers("\(folder)/\(name)").first.flatMap { $0 }
    }.filter { $0 > 0 }.min()
  }

  /// The least share of processor time, in whole cores, rounded up; nil without a limit.
  package var cores: Int? {
    folders(of: "cpu").compactMap { folder, version in
      let (quota, period): (Int?, Int?)
      if version == 2 {
        let pair = numbers("\(folder)/cpu.max")
        (quota, period) = (pair.first.flatMap { $0 }, pair.dropFirst().first.flatMap { $0 })
      } else {
        quota = numbers("\(folder)/cpu.cfs_quota_us").first.flatMap { $0 }
        period = numbers("\(folder)/cpu.cfs_period_us").first.flatMap { $0 }
      }
      guard let quota, let period, quota > 0, period > 0 else { return nil }
      return quota / period + (quota % period > 0 ? 1 : 0)
    }.min()
  }

  /// The numbers of a file of one line; nil for a word such as `max`.
  private func numbers(_ file: String) -> [Int?] {
    (read(file) ?? "").split(whereSeparator: \.isWhitespace).map { Int($0) }
  }

  /// The folders that limit what a controller shares out, from the process's own group up, and their version.
  private func folders(of controller: String) -> [(folder: String, version: Int)] {
    groups.split(whereSeparator: \.isNewline).flatMap { line -> [(folder: String, version: Int)] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      let root: String, version: Int
      if fields[0] == "0", fields[1].isEmpty {
        (root, version) = ("/sys/fs/cgroup", 2)
      } else if fields[1].split(separator: ",").contains(Substring(controller)) {
        (root, version) = ("/sys/fs/cgroup/\(controller)", 1)
      } else {
        return []
      }
      // In a container the path may be that of the host, where only the root is to be seen.
      let path = fields[2].split(separator: "/")
      return (0...path.count).reversed().map { count in
        (([Substring(root)] + path.prefix(count)).joined(separator: "/"), version)
      }
    }
  }
}
