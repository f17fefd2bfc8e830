import ArgumentParser
import Configuration
import Files
import Reporting

extension ConfigCommand {
  /// `dense config import CONFIG.py`
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read a Python config of mmdetection, mmsegmentation or mmpretrain, and write it as YAML.",
      discussion: """
        No code runs. Read is what such configs are written in: assignments of literals, dict(...), lists and tuples, \
        names assigned before and their members, f-texts of names, arithmetic, [... for x in values], and _base_ with \
        _delete_, {{_base_.x}} and _base_.x. What cannot be read is named with file and line, and nothing is written. \
        The YAML holds all bases merged; what was left out is said on standard error.
        """)

    @Argument(help: "The Python config.", completion: .file(extensions: ["py"]))
    var file: String

    @Option(
      help: ArgumentHelp("A file for the YAML. (default: standard output)", valueName: "file.yaml"),
      completion: .file(extensions: ["yaml"]))
    var out: String?

    func validate() throws { try requireNames(["--out": out]) }

    func run() throws {
      try Output.reporting {
        var plan = OutputPlan()
        plan.keep(file, as: "the input")
        if let out { try plan.claim(out, for: "--out \(out)", of: file, remedy: "name another file") }
        let imported = try PythonImport(file: file)
        let yaml = imported.node.yaml()
        if let out {
          try AtomicFile.write(Array(yaml.utf8), to: out)
        } else {
          try Output.print(yaml, terminator: "")
        }
        for note in imported.notes { Output.message("note: \(note)") }
        if let out { try Output.print("written: \(out)") }
      }
    }
  }
}
