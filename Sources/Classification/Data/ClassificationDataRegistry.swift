import Configuration
import Data
import Modeling

extension Components {
  /// Registers the data sets of classifiers, and what `dense data check` reads of them.
  mutating func addClassificationData() {
    data.datasets.add("CustomDataset", description: "Pictures in class folders, or a list of them") {
      (c: CustomDataset.Configuration, context: DataContext) in try CustomDataset(c, in: context)
    }
    data.datasets.add("ImageNet", description: "ImageNet's folders train and val") {
      (c: ImageNet.Configuration, context: DataContext) in try ImageNet(c, in: context)
    }
    data.inventories.add("CustomDataset") {
      (c: CustomDataset.Configuration, _: DataContext) in try DatasetInventory(c.settings)
    }
    data.inventories.add("ImageNet") {
      (c: ImageNet.Configuration, _: DataContext) in try DatasetInventory(c.settings)
    }
  }
}
