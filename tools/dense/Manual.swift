import ArgumentParser
import Files
import Reporting
import Training

/// `dense manual`: for those who pack it.
struct Manual: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the manual's pages, one a command, as man reads them.", shouldDisplay: false)

  @Option(help: "Where they go: NAME.1, such as dense-train.1.", completion: .directory)
  var outDir: String

  @Option(help: "The day that the pages say.")
  var date = ""

  func validate() throws { try requireNames(["--out-dir": outDir]) }

  func run() throws {
    try Output.reporting {
      let pages = ManualPage.all(
        of: try CommandDescription(of: Dense.self), date: date, version: RunFacts.version)
      var plan = OutputPlan()
      for page in pages {
        try plan.claim(
          Folder.join(outDir, "\(page.name).1"), for: "--out-dir \(outDir)", of: "a page",
          remedy: "name another folder")
      }
      try Folder.make(outDir)
      for page in pages { try AtomicFile.write(page.text.utf8, to: Folder.join(outDir, "\(page.name).1")) }
      try Output.print("written: \(pages.count) pages in \(outDir)")
    }
  }
}
