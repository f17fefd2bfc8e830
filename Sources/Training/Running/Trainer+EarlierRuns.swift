import Foundation

extension Trainer {
  /// The folders of the runs that led to the checkpoint that this one goes on from, the earliest first: those of its work
  /// directory up to the one whose log says that it wrote the checkpoint. Empty for a run that starts anew, and where the
  /// checkpoint is of another folder.
  public var earlierRuns: [String] {
    guard let workDirectory, let resumption, resumption.isInWorkDirectory else { return [] }
    let folders = WorkDirectory.runFolders(in: workDirectory.path)
      .filter { $0 != workDirectory.timestamp }
    let name = resumption.file.split(separator: "/").last.map(String.init) ?? ""
    let wrote = "Checkpoint written: "
    let last = folders.lastIndex { folder in
      let file = "\(workDirectory.path)/\(folder)/\(folder).log"
      guard let log = try? String(contentsOfFile: file, encoding: .utf8) else { return false }
      return log.split(separator: "\n").contains { $0.contains(wrote) && $0.hasSuffix("/\(name)") }
    }
    return last.map { folders[...$0].map { "\(workDirectory.path)/\($0)" } } ?? []
  }
}

extension WorkDirectory {
  /// The names of the folders of runs in a work directory, the earliest first: `yyyyMMdd_HHmmss`, also with a number.
  public static func runFolders(in path: String) -> [String] {
    func parts(_ name: String) -> [Int]? {
      let parts = name.split(separator: "_", omittingEmptySubsequences: false).map { part in
        part.allSatisfy { ("0"..."9").contains($0) } ? Int(part) : nil
      }
      guard (2...3).contains(parts.count), name.split(separator: "_").first?.count == 8 else { return nil }
      let numbers = parts.compactMap { $0 }
      return numbers.count == parts.count ? numbers : nil
    }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.compactMap { name in parts(name).map { (name, $0) } }
      .sorted { $0.1.lexicographicallyPrecedes($1.1) }.map(\.0)
  }
}
