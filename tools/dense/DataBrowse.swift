import ArgumentParser
import Configuration
import Data
import Files
import Reporting
import Training

/// `dense data browse CONFIG`
struct DataBrowse: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "browse", abstract: "Draw what the training pipeline gives: a picture an image.",
    discussion:
      "Boxes, masks and names, coloured label maps, or the classes of images, after augmentation and before normalisation."
  )

  @OptionGroup var config: ConfigOptions

  @Option(help: "The folder for the pictures.", completion: .directory)
  var outDir: String

  @Option(parsing: .unconditional, help: "How many images are drawn, from the first on.")
  var number = 20

  func validate() throws {
    try requireNames(["--out-dir": outDir])
    guard number > 0 else { throw ValidationError("--number must be 1 or more.") }
  }

  func run() throws {
    try Output.reporting {
      let experiment = Experiment(try ExperimentConfiguration(config.load()), components: .all)
      guard let settings = experiment.configuration.trainDataloader else {
        throw DataError(file: config.config, "the config has no train_dataloader")
      }
      let dataset = try experiment.components.data.datasets.build(
        settings.dataset, scope: experiment.scope,
        in: DataContext(scope: experiment.scope, components: experiment.components.data))
      let count = min(number, dataset.count)
      try Folder.makeWritable(outDir)
      let images = try (0..<count).map { try dataset.sample(at: $0).imagePath }
      // Several folders may hold the same names.
      let pictures = images.enumerated().map { index, image in
        Folder.join(outDir, "\(index)_\(Folder.splitExtension(Folder.split(image).name).stem).png")
      }
      var plan = OutputPlan(keepingDataOf: experiment.configuration)
      try plan.keepFiles(of: dataset, writing: pictures)
      for (image, picture) in zip(images, pictures) {
        try plan.claim(picture, for: "--out-dir \(outDir)", of: image)
      }
      let seed = experiment.configuration.randomness.seed ?? TrainingRun.defaultSeed
      let progress = ProgressLine()
      for (index, picture) in pictures.enumerated() {
        let sample = try dataset.load(index: index, number: index, seed: seed)
        try Picture(of: sample, metainfo: dataset.metainfo).writePNG(to: picture)
        progress.show("\(index + 1) of \(count) images drawn")
      }
      progress.clear()
      try Output.print("\(count) of \(dataset.count) images drawn in \(outDir)")
    }
  }
}
