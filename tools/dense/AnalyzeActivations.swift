import Analysis
import ArgumentParser
import Configuration
import Files
import Foundation
import Imaging
import Modeling
import Reporting
import Tensors

/// `dense analyze activations [CONFIG] [CHECKPOINT] IMAGE`
struct AnalyzeActivations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "activations",
    abstract: "A backbone's maps of an image, and what its scans respond to, as pictures.",
    usage: "dense analyze activations [<config>] [<checkpoint>] <image> --out-dir <folder> [<options>]",
    discussion: """
      Of each stage: stage_N.png, the root of the mean square over the channels, over the image; and \
      stage_N_channels.png, the strongest channels, each from its least to its largest number. Of VMamba besides \
      scan_N.png: how much each cell has to do with the result of the stage's last scan at --query, with delta, B and C \
      held fast, over all four directions (to the power of 0.5, which shows what is weak too).
      """)

  @Argument(
    help: ArgumentHelp(
      "The config file (YAML), unless the checkpoint's own is meant; a checkpoint or work directory, without which the "
        + "initial values are shown; and one image.", valueName: "[config] [checkpoint] image"),
    completion: .file())
  var words: [String]

  @OptionGroup var replacements: OverrideOptions

  @Option(help: "A folder for the pictures.", completion: .directory)
  var outDir: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Height and width that the image is brought to.", valueName: "pixels"))
  var shape: [Int] = [512, 512]

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "The place of the scans' query, row and column as parts of the image.", valueName: "part"))
  var query: [Double] = [0.5, 0.5]

  @Option(parsing: .unconditional, help: "How many channels of each stage are shown.")
  var channels = 16

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  private struct Row: Encodable {
    var name: String
    var shape: [Int]
    var largest: Double
    var mean: Double
    var files: [String]
  }

  private struct Report: Encodable { var maps: [Row] }

  func validate() throws {
    try requireNames(["--out-dir": outDir])
    let named = try StudyWords(words)
    guard named.images.count == 1, named.checkpoints.count <= 1 else {
      throw ValidationError("One image is wanted, and one checkpoint at most.")
    }
    guard query.count == 2, query.allSatisfy({ (0...1).contains($0) }) else {
      throw ValidationError("--query: two numbers in 0...1 are wanted: row and column.")
    }
    guard (0...1024).contains(channels) else { throw ValidationError("--channels must be in 0...1024.") }
    do { _ = try StandaloneModel.size(shape) } catch { throw ValidationError("\(error).") }
  }

  func run() throws {
    threads.prepare()
    try Output.reporting(json: json) {
      let named = try StudyWords(words)
      let size = try StandaloneModel.size(shape)
      let study = try BackboneStudy(try named.load(replacements), components: .all)
      let image = try study.image(named.images[0], size: size)
      if let checkpoint = named.checkpoints.first {
        let loading = try study.load(checkpoint)
        if !json { try Output.print("backbone: \(loading) from \(checkpoint)") }
      }
      let shown = try Image.decode(file: named.images[0]).resized(height: size.height, width: size.width)
      let maps = study.activations(image, channels: channels)
      let scans = study.scanResponses(image, row: query[0], column: query[1])
      var plan = OutputPlan()
      for file in named.images + named.checkpoints { plan.keep(file, as: "an input") }
      try Folder.makeWritable(outDir)
      var pictures: [(map: ActivationMap, files: [(String, Image)])] = []
      for (number, map) in maps.enumerated() {
        var files = [("stage_\(number + 1).png", map.picture(over: shown))]
        if let grid = map.channelsPicture { files.append(("stage_\(number + 1)_channels.png", grid)) }
        pictures.append((map, files))
      }
      for (number, map) in scans.enumerated() {
        pictures.append((map, [("scan_\(number + 1).png", map.picture(over: shown, power: 0.5))]))
      }
      var report = Report(maps: [])
      for (map, files) in pictures {
        let paths = files.map { Folder.join(outDir, $0.0) }
        for path in paths { try plan.claim(path, for: "--out-dir \(outDir)", of: map.name) }
        for (path, file) in zip(paths, files) { try file.1.writePNG(to: path) }
        report.maps.append(
          Row(
            name: map.name, shape: [map.height, map.width], largest: map.extent.largest,
            mean: map.extent.mean,
            files: paths))
      }
      if json {
        try Output.json(report)
      } else {
        let rows = report.maps.map { row in
          [
            row.name, "\(row.shape[0]) x \(row.shape[1])", String(format: "%.4g", row.largest),
            String(format: "%.4g", row.mean),
            row.files.joined(separator: ", "),
          ]
        }
        let table = TextTable(
          [.left(), .right(), .right(), .right(), .left()],
          rows: [["map", "cells", "largest", "mean", "files"]] + rows)
        try Output.print(table.text)
      }
    }
  }
}
