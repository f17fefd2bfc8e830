import Configuration
import Data
import Files

/// The data sets of a config, for a sample that takes their place.
struct ConfigSets {
  /// What the data sets' types are.
  let components: DataComponents
  /// What a bare name means.
  let scope: String?

  /// The sets within a data set that is made of others, or the one.
  ///
  /// - Parameter progress: Told now and then how many label maps are read.
  /// - Throws: `DataError` about a type that has no sample, or files outside of `data_root`; what reading throws.
  func sets(of dataset: ComponentConfiguration, name: String, progress: (_ done: Int, _ of: Int) -> Void)
    throws -> [SampledSet]
  {
    let type = dataset.type.split(separator: ".").last.map(String.init) ?? dataset.type
    let root = DataRoot(dataset.node["data_root"]?.string ?? "")
    if type == "CocoDataset" { return [try annotated(dataset, name: name, root: root)] }
    guard components.inventories.names.contains(type),
      !["XMLDataset", "VOCDataset", "YOLODataset"].contains(type)
    else {
      throw DataError(
        file: nil,
        "\(name): there is no sample of \(type); write its annotations as COCO's by dense data convert first")
    }
    let inventory = try components.inventories.build(
      dataset, scope: scope, in: DataContext(scope: scope, components: components))
    guard inventory.parts.isEmpty else {
      return try inventory.parts.flatMap { try sets(of: $0, name: name, progress: progress) }
    }
    return [try listed(dataset, inventory, name: name, root: root, progress: progress)]
  }

  private func path(_ key: String, of dataset: ComponentConfiguration) -> String? {
    guard let value = dataset.node[key]?.string, !value.isEmpty else { return nil }
    return DatasetSettings.path(value, below: dataset.node["data_root"]?.string ?? "")
  }

  private func annotated(
    _ dataset: ComponentConfiguration, name: String, root: DataRoot
  ) throws -> SampledSet {
    guard let file = path("ann_file", of: dataset) else {
      throw DataError(file: nil, "\(name): the data set has no ann_file")
    }
    let prefix = dataset.node.node(at: "data_prefix.img")?.string ?? ""
    let folder = DatasetSettings.path(prefix, below: dataset.node["data_root"]?.string ?? "")
    var set = try SampledSet(
      AnnotationFileSource(file, dataPrefix: folder), name: name, root: root)
    set.config = ""
    let classes = dataset.node.node(at: "metainfo.classes")?.elements?.compactMap(\.string)
    set.wanted = classes?.filter(set.catalogue.classes.contains)
    return set
  }

  /// Pictures with label maps, or with a class each.
  private func listed(
    _ dataset: ComponentConfiguration, _ inventory: DatasetInventory, name: String, root: DataRoot,
    progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> SampledSet {
    let samples = inventory.samples
    let hasMaps = samples.contains { $0.labelMapPath != nil }
    let held =
      hasMaps
      ? try LabelNumbers.held(
        by: samples.compactMap(\.labelMapPath), meaning: samples.first?.labels, progress: progress)
      : samples.map { $0.classLabel.map { [$0] } ?? [] }
    let list = path("ann_file", of: dataset)
    let prefix =
      dataset.node["data_prefix"]?.string ?? dataset.node.node(at: "data_prefix.img_path")?.string ?? ""
    let folder = DatasetSettings.path(prefix, below: dataset.node["data_root"]?.string ?? "")
    let names = samples.map { DataRoot(folder).relative($0.imagePath) ?? $0.imagePath }
    var set = SampledSet(
      name: name, file: list ?? folder,
      catalogue: Catalogue(
        classes: inventory.classes,
        entries: names.enumerated().map { place, name in
          let labels = held.indices.contains(place) ? held[place] : []
          return Catalogue.Entry(
            name: name,
            counts: Dictionary(
              labels.filter(inventory.classes.indices.contains).map { ($0, 1) }
            ) { first, _ in first })
        }, counted: .images),
      pictures: try samples.map { sample in
        try [sample.imagePath, sample.labelMapPath].compactMap { $0 }.map {
          ($0, try root.requireRelative($0))
        }
      }, inputs: [list ?? folder])
    if let list {
      let suffix = dataset.node["img_suffix"]?.string ?? ".jpg"
      let lines = zip(samples, names).map { sample, name in
        hasMaps ? String(name.dropLast(suffix.count)) : name + (sample.classLabel.map { " \($0)" } ?? "")
      }
      try requireListable(lines, file: list)
      set.descriptions = [
        SampledSet.Description(path: try root.requireRelative(list)) { places in
          listText(places.map { lines[$0] })
        }
      ]
    }
    if let classes = path("classes", of: dataset) {
      set.others = [(classes, try root.requireRelative(classes))]
    }
    return set
  }
}
