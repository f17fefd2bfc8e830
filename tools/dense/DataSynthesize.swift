import ArgumentParser
import Data
import Files
import Foundation
import Imaging
import Reporting
import Synthesis

extension DataCommand {
  /// `dense data synthesize`
  struct Synthesize: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Draw a data set from a seed.", subcommands: [ReefCommand.self])
  }

  /// `dense data synthesize reef`
  struct ReefCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "reef", abstract: "Draw underwater scenes with five classes of animals.",
      discussion: """
        Writes COCO's instances (annotations/instances_{train,val}.json) and label maps in ADE20K's layout \
        (annotations/{training,validation}, names in labels.txt) beside images/{training,validation}; with --task \
        classification pictures of one animal each, train/<animal>/0001.jpg and val/<animal>/0001.jpg. A folder that \
        holds the same Reef is left as it is. The pictures do not depend on the number of threads.
        """)

    @Option(help: "The folder of the data set; it has to be new or empty.", completion: .directory)
    var out: String

    @Option(parsing: .unconditional, help: "The seed of all random numbers.")
    var seed: UInt64 = 0

    @Option(help: "What it is for: scenes of several animals, or one animal a picture.")
    var task = Reef.Task.scenes

    @Option(
      parsing: .unconditional,
      help: "Pictures in all; a seventh of them is for validation (default: 700; classification: 2100).")
    var images: Int?

    @Option(
      help: ArgumentHelp(
        "Height and width of the pictures, in pixels (default: 192x256; classification: 96x96).",
        valueName: "HxW"
      ))
    var size: PictureSize?

    @Option(
      help: ArgumentHelp(
        "Also draw the first twelve scenes on one sheet, half of them with masks and boxes (JPEG).",
        valueName: "file"),
      completion: .file(extensions: ["jpg"]))
    var contactSheet: String?

    @OptionGroup var threads: ThreadOptions

    private var reef: Reef {
      Reef(
        seed: seed, images: images, size: size.map { ImageSize(height: $0.height, width: $0.width) },
        task: task)
    }

    func validate() throws {
      guard Reef.imageCounts.contains(images ?? task.usualImages) else {
        throw ValidationError("--images must be in \(Reef.imageCounts).")
      }
      guard size.map({ Reef.sides.contains($0.height) && Reef.sides.contains($0.width) }) ?? true else {
        throw ValidationError("--size: both sides must be in \(Reef.sides).")
      }
      try requireNames(["--out": out, "--contact-sheet": contactSheet])
    }

    func run() throws {
      threads.apply()
      try Output.reporting {
        let reef = reef
        let start = ContinuousClock.now
        try requirePlaceForContactSheet()
        switch try reef.write(to: out) {
        case .written:
          let seconds = (ContinuousClock.now - start) / .seconds(1)
          try Output.print(
            "\(reef.trainingCount) images for training, \(reef.validationCount) for validation in "
              + String(format: "%.1f s: ", seconds) + out)
        case .alreadyThere: try Output.print("already there: \(out)")
        }
        if let contactSheet {
          // The folder is there by now, and what was a new name may be one of its files.
          try requirePlaceForContactSheet()
          try reef.writeContactSheet(to: contactSheet)
          try Output.print("written: \(contactSheet)")
        }
      }
    }

    /// Holds that the sheet would be written over no file of the data set.
    private func requirePlaceForContactSheet() throws {
      guard let contactSheet else { return }
      var plan = OutputPlan()
      for name in reef.files { plan.keep(Folder.join(out, name), as: "a file of the data set") }
      for name in reef.folders { plan.keep(folder: Folder.join(out, name)) }
      try plan.claim(contactSheet, for: "--contact-sheet", of: "the sheet", remedy: "name another file")
    }
  }
}

extension Reef.Task: ExpressibleByArgument {}

/// Height and width, written `192x256`.
struct PictureSize: ExpressibleByArgument {
  var height: Int
  var width: Int

  init(height: Int, width: Int) { (self.height, self.width) = (height, width) }

  init?(argument: String) {
    let parts = argument.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let height = Int(parts[0]), let width = Int(parts[1]) else { return nil }
    self.init(height: height, width: width)
  }

  var defaultValueDescription: String { "\(height)x\(width)" }
}
