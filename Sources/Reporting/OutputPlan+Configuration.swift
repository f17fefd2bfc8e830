import Configuration
import Data
import Files

extension OutputPlan {
  /// A plan that keeps the files that a config names: its own file, annotation files and the folders of its data.
  public init(keepingDataOf configuration: ExperimentConfiguration) {
    self.init()
    keep(configuration.node.location.file, as: "the config")
    let loaders = [configuration.trainDataloader, configuration.valDataloader, configuration.testDataloader]
    for loader in loaders.compactMap({ $0 }) { keepData(of: loader.dataset.node, root: "") }
    for evaluator in configuration.valEvaluators + configuration.testEvaluators {
      keepData(of: evaluator.node, root: configuration.dataRoot ?? "")
    }
  }

  /// Keeps the images and label maps of a data set, which need not be looked up where every output is a new file. The
  /// outputs are what will be written, in folders that are there.
  public mutating func keepFiles(of dataset: any Dataset, writing outputs: [String]) throws {
    guard outputs.contains(where: { FileIdentity($0).exists }) else { return }
    for index in 0..<dataset.count {
      let sample = try dataset.sample(at: index)
      keep(sample.imagePath, as: "an image of the data set")
      if let labelMap = sample.labelMapPath { keep(labelMap, as: "a label map of the data set") }
    }
  }

  /// A data set, or one made of others.
  private mutating func keepData(of node: ConfigurationNode, root: String) {
    let root = node["data_root"]?.string ?? root
    if let file = node["ann_file"]?.string, !file.isEmpty {
      keep(file, as: "an annotation file")
      keep(DatasetSettings.path(file, below: root), as: "an annotation file")
      // A folder of annotations may hold what this config does not name, such as label maps of the same images.
      let folder = Folder.split(file).folder
      if !root.isEmpty, !folder.isEmpty, folder != ".", !folder.hasPrefix("/") {
        keep(folder: DatasetSettings.path(folder, below: root))
      }
    }
    for prefix in node["data_prefix"]?.entries ?? [] {
      // The root itself may well hold a folder of results.
      if let folder = prefix.value.string, !folder.isEmpty, folder != "." {
        keep(folder: DatasetSettings.path(folder, below: root))
      }
    }
    for part in (node["datasets"]?.elements ?? []) + [node["dataset"]].compactMap({ $0 }) {
      keepData(of: part, root: root)
    }
  }
}
