import Files
import Foundation

/// Why a result would be written over something.
public struct OutputError: LocatedError, Equatable {
  /// The option and its value: `--out-dir frames`.
  public let option: String
  /// The file that would be written.
  public let file: String
  /// What it is already: `an input`.
  public let role: String

  /// What to do about it: `name another folder`.
  public let remedy: String

  /// `--out-dir frames: frames/1.png is an input; name another folder`.
  public var message: String {
    "\(option.printedWhole): \(file.printedWhole) is \(role.printedWhole); \(remedy)"
  }
  /// The file that would be written.
  public var place: ErrorPlace { ErrorPlace(file: file) }
  /// The message.
  public var description: String { message }
}

/// All files that a command will write, known before it writes the first: none is an input, part of a data set, or
/// written twice.
///
/// Files are told apart by what they are on the disk, not by their spelling: links, `./a` and the like are followed.
public struct OutputPlan: Sendable {
  private var kept: [FileIdentity: String] = [:]
  private var keptFolders: [(folder: FileIdentity, name: String)] = []
  private var claimed: [FileIdentity: String] = [:]
  /// The same by their names: what a file is on the disk changes when it is written.
  private var claimedNames: [String: String] = [:]

  /// Nothing is kept or written yet.
  public init() {}

  /// Keeps a file, if there is one under this name. Its role says what it is, for messages: `an input`.
  public mutating func keep(_ path: String, as role: String) {
    let identity = FileIdentity(path)
    if identity.exists, kept[identity] == nil { kept[identity] = role }
  }

  /// Keeps whatever is in a folder of data and below it; new files may be added.
  public mutating func keep(folder: String) {
    let identity = FileIdentity(folder)
    if identity.exists, Folder.isFolder(folder) { keptFolders.append((identity, folder)) }
  }

  /// Takes a file for a result.
  ///
  /// - Parameters:
  ///   - path: The file; a folder is refused.
  ///   - option: What asked for it, for messages: `--out r.json`.
  ///   - source: What it is the result of, for messages.
  ///   - remedy: What to do when it is taken.
  /// - Throws: `OutputError` when it is kept, or another result has it.
  public mutating func claim(
    _ path: String, for option: String, of source: String, remedy: String = "name another folder"
  ) throws(OutputError) {
    func refusal(_ role: String) -> OutputError {
      OutputError(option: option, file: path, role: role, remedy: remedy)
    }
    let identity = FileIdentity(path)
    if Folder.isFolder(path) { throw refusal("a folder, not a file") }
    if let role = kept[identity] { throw refusal(role) }
    if identity.exists, let folder = keptFolder(of: path) {
      throw refusal("there already, in a folder of the data set (\(folder))")
    }
    let name = URL(fileURLWithPath: path).standardized.path
    if let other = claimed[identity] ?? claimedNames[name] { throw refusal("also the result of \(other)") }
    (claimed[identity], claimedNames[name]) = (source, source)
  }

  /// Makes a folder and takes the files in it that inputs lead to.
  ///
  /// - Throws: `FileError` when the folder cannot be made or written in; `OutputError` as for one file.
  public mutating func claim(
    folder: String, for option: String, results names: OutputNames, of inputs: [String]
  ) throws {
    // First of all: until it is there, what its `..` lead to is not known.
    try Folder.makeWritable(folder)
    for (index, input) in inputs.enumerated() where names.isNew[index] {
      for file in names.files[index] {
        try claim(Folder.join(folder, file), for: "\(option) \(folder)", of: input)
      }
    }
  }

  /// The kept folder that a file lies in or below.
  private func keptFolder(of path: String) -> String? {
    guard !keptFolders.isEmpty else { return nil }
    var folder = Folder.split(path).folder
    if folder.isEmpty { folder = "." }
    var last: FileIdentity?
    // Upwards until the root, which is its own parent.
    while true {
      let identity = FileIdentity(folder)
      guard identity != last, identity.exists else { return nil }
      if let found = keptFolders.first(where: { $0.folder == identity }) { return found.name }
      (last, folder) = (identity, folder + "/..")
    }
  }
}
