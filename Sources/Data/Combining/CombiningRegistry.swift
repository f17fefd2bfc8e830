import Configuration

extension Components {
  /// The data sets that are made of others, and what their files name.
  mutating func addCombinedDatasets() {
    datasets.add("ConcatDataset", description: "Several data sets, one behind the other") {
      (c: ConcatDataset.Configuration, context: DataContext) in try ConcatDataset(c, in: context)
    }
    datasets.add("RepeatDataset", description: "A data set that counts several times") {
      (c: RepeatDataset.Configuration, context: DataContext) in try RepeatDataset(c, in: context)
    }
    inventories.add("ConcatDataset") { (c: ConcatDataset.Configuration, context: DataContext) in
      let parts = try c.datasets.map {
        try context.components.inventories.build($0, scope: context.scope, in: context)
      }
      return DatasetInventory(
        samples: parts.flatMap(\.samples), annotationCount: parts.reduce(0) { $0 + $1.annotationCount },
        faults: parts.flatMap(\.faults))
    }
    inventories.add("RepeatDataset") { (c: RepeatDataset.Configuration, context: DataContext) in
      try context.components.inventories.build(c.dataset, scope: context.scope, in: context)
    }
  }
}
