import Configuration

extension DataComponents {
  /// The data sets that are made of others. What their files name, `DatasetCheck` finds out of each by itself.
  mutating func addCombinedDatasets() {
    datasets.add("ConcatDataset", description: "Several data sets, one behind the other") {
      (c: ConcatDataset.Configuration, context: DataContext) in try ConcatDataset(c, in: context)
    }
    datasets.add("RepeatDataset", description: "A data set that counts several times") {
      (c: RepeatDataset.Configuration, context: DataContext) in try RepeatDataset(c, in: context)
    }
  }
}
