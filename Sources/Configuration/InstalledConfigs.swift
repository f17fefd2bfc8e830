import Glibc

/// The configs that are installed with a program.
enum InstalledConfigs {
  /// `share/dense` beside the folder `bin` of the running program, where a package puts it; it need not be there.
  static let folder: String? = {
    guard let program = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(program) }
    let parts = String(cString: program).split(separator: "/").dropLast()
    guard parts.last == "bin" else { return nil }
    return parts.dropLast().map { "/" + $0 }.joined() + "/share/dense"
  }()

  /// The file that a name stands for: the one of that name, else the one of that name that is installed.
  ///
  /// - Parameters:
  ///   - path: Where the name leads from where it was written.
  ///   - name: As it was written.
  static func file(_ path: String, called name: String, in folder: String? = folder) -> String {
    guard !name.hasPrefix("/"), let folder, access(path, F_OK) != 0, errno == ENOENT else { return path }
    let installed = "\(folder)/\(name)"
    return access(installed, R_OK) == 0 ? installed : path
  }
}
