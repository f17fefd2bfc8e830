import Reporting
import ArgumentParser
import Configuration
import Data
import Foundation
import Imaging
import Training

/// `dense data browse CONFIG`
struct DataBrowse: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "browse", abstract: "Draw what the training pipeline gives: a picture an image.",
    discussion: "Boxes, masks and names, or coloured label maps, after augmentation and before normalisation."
  )

  @OptionGroup var config: ConfigOptions

  @Option(help: "The folder for the pictures.", completion: .directory)
  var outDir: String

  @Option(help: "How many images are drawn, from the first on.")
  var number = 20

  func validate() throws {
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
      try FileManager.default.createDirectory(atPath: outDir, withIntermediateDirectories: true)
      let seed = experiment.configuration.randomness.seed ?? TrainingRun.defaultSeed
      let progress = ProgressLine()
      let count = min(number, dataset.count)
      for index in 0..<count {
        let sample = try dataset.load(index: index, number: index, seed: seed)
        let stem = ((sample.imagePath as NSString).lastPathComponent as NSString).deletingPathExtension
        // Several folders may hold the same names.
        try Picture(of: sample, metainfo: dataset.metainfo).writePNG(to: "\(outDir)/\(index)_\(stem).png")
        progress.show("\(index + 1) of \(count) images drawn")
      }
      progress.clear()
      print("\(count) of \(dataset.count) images drawn in \(outDir)")
    }
  }
}

extension Picture {
  /// What a pipeline gives: objects, or the classes of all pixels. Ignored objects are white.
  init(of sample: Sample, metainfo: DatasetMetainfo) throws {
    guard var image = sample.image else {
      throw DataError(file: sample.imagePath, "the pipeline has not loaded the image")
    }
    let palette = Self.palette(of: metainfo)
    if let map = sample.labelMap { image.blend(map, palette: palette) }
    if let instances = sample.instances {
      // As in pictures of predictions: objects of the only class are told apart, and its name would cover them.
      let isSingle = metainfo.classes.count <= 1
      let colours = isSingle ? Palette.distinct(24) : palette
      func colour(_ index: Int) -> SIMD3<UInt8> {
        instances.isIgnored[index]
          ? SIMD3(255, 255, 255) : colours[isSingle ? index : instances.labels[index]]
      }
      for (index, mask) in (instances.masks ?? []).enumerated() {
        image.blend(mask.bitmap, colour: colour(index))
      }
      for index in 0..<instances.count {
        let box = instances.boxes[index]
        image.draw(box: box, colour: colour(index), thickness: 1)
        let name = isSingle ? "" : metainfo.classes[instances.labels[index]]
        let text = instances.isIgnored[index] ? "\(name) (ignored)" : name
        image.draw(label: text, x: box[0], y: box[1], colour: colour(index))
      }
    }
    self.init(image)
  }
}
