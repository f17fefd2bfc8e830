import Configuration

extension DataComponents {
  /// The data sets that are made of others. What their files name, each part says by itself.
  mutating func addCombinedDatasets() {
    datasets.add("ConcatDataset", description: "Several data sets, one behind the other") {
      (c: ConcatDataset.Configuration, context: DataContext) in try ConcatDataset(c, in: context)
    }
    inventories.add("ConcatDataset") { (c: ConcatDataset.Configuration, _: DataContext) in
      DatasetInventory(parts: c.datasets)
    }
    datasets.add("RepeatDataset", description: "A data set that counts several times") {
      (c: RepeatDataset.Configuration, context: DataContext) in try RepeatDataset(c, in: context)
    }
    inventories.add("RepeatDataset") { (c: RepeatDataset.Configuration, _: DataContext) in
      DatasetInventory(parts: [c.dataset])
    }
  }
}
