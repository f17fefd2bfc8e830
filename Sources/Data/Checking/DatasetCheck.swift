import Configuration
import Imaging
import Tensors

/// Reads everything that data sets name once and collects what is wrong: what `dense data check` does.
public struct DatasetCheck: Sendable {
  private let components: DataComponents
  private let scope: String?

  /// A check of data sets whose types these are.
  ///
  /// - Parameter scope: What a bare name means: `mmdet` or `mmseg`.
  public init(components: DataComponents, scope: String?) {
    (self.components, self.scope) = (components, scope)
  }

  /// Opens annotation files, images and label maps, on `Threads.count` threads.
  ///
  /// - Parameter progress: Told now and then how many of the images are read.
  /// - Throws: `ConfigurationError` about the data sets' settings; faults of files are in the report.
  public func run(
    _ datasets: [ComponentConfiguration], progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> DatasetCheckReport {
    var report = DatasetCheckReport()
    var labels = LabelShares()
    var tasks: [Task] = []
    var seen: Set<TaskKey> = []
    var opened: Set<String> = []
    for part in try datasets.flatMap(parts) where opened.insert(Self.key(of: part)).inserted {
      guard let inventory = try inventory(of: part, &report) else { continue }
      report.annotations += inventory.annotationCount
      report.add(inventory.faults)
      for sample in inventory.samples where seen.insert(TaskKey(sample)).inserted {
        tasks.append(
          Task(
            sample: sample, id: inventory.identifiesImages ? sample.imageID : nil,
            classes: inventory.classes))
      }
    }
    report.images = Set(tasks.map(\.sample.imagePath)).count
    // In portions, so that progress is told by the calling thread.
    for start in stride(from: 0, to: tasks.count, by: Self.portion) {
      let portion = Array(tasks[start..<min(start + Self.portion, tasks.count)])
      let found = Locked([FileFaults?](repeating: nil, count: portion.count))
      parallel(portion.count) { piece in
        let faults = FileFaults(of: portion[piece].sample, id: portion[piece].id)
        found.withLock { $0[piece] = faults }
      }
      for (task, faults) in zip(portion, found.withLock { $0 }) {
        guard let faults else { continue }
        report.add(faults.faults)
        labels.add(faults.values, of: task.sample, classes: task.classes)
      }
      progress(start + portion.count, tasks.count)
    }
    report.labels = labels.rows
    return report
  }

  private static var portion: Int { 256 }

  /// A sample whose files are read.
  private struct Task: Sendable {
    var sample: Sample
    var id: Int?
    var classes: [String]
  }

  /// What makes two samples the same for this check: training, validation and test may share files.
  private struct TaskKey: Hashable {
    var image: String
    var size: ImageSize
    var labelMap: String?
    var labels: LabelMeaning

    init(_ sample: Sample) {
      (image, size, labelMap) = (sample.imagePath, sample.originalSize, sample.labelMapPath)
      labels = sample.labels
    }
  }

  /// The data sets within a `ConcatDataset` or `RepeatDataset`, or this one.
  private func parts(of dataset: ComponentConfiguration) throws -> [ComponentConfiguration] {
    let inner: [ConfigurationNode]? =
      switch dataset.type.split(separator: ".").last {
      case "ConcatDataset": dataset.node["datasets"]?.elements
      case "RepeatDataset": dataset.node["dataset"].map { [$0] }
      default: nil
      }
    guard let inner else { return [dataset] }
    return try inner.flatMap { node -> [ComponentConfiguration] in
      var node = node
      // What a wrapper has been given for all of them.
      if node["data_root"] == nil, let root = dataset.node["data_root"] {
        node = node.setting("data_root", to: root)
      }
      return try parts(of: ComponentConfiguration(node))
    }
  }

  /// Which files a data set names, apart from what is done with them.
  private static func key(of dataset: ComponentConfiguration) -> String {
    dataset.node.removing(["pipeline", "test_mode", "filter_cfg", "indices", "on_broken_image"]).yaml()
  }

  /// What the files name; nil, and a fault in the report, where they cannot be read at all.
  private func inventory(
    of dataset: ComponentConfiguration, _ report: inout DatasetCheckReport
  ) throws -> DatasetInventory? {
    let context = DataContext(scope: scope, components: components)
    let name = dataset.type.split(separator: ".").last.map(String.init) ?? dataset.type
    do {
      guard !components.inventories.names.contains(name) else {
        return try components.inventories.build(dataset, scope: scope, in: context)
      }
      // A program's own type of data set: what it gives is checked.
      let built = try components.datasets.build(dataset, scope: scope, in: context)
      let samples = try (0..<built.count).map { try built.sample(at: $0) }
      return DatasetInventory(
        samples: samples,
        annotationCount: samples.reduce(0) { $0 + max($1.annotations.count, $1.labelMapPath == nil ? 0 : 1) },
        faults: [], classes: samples.contains { $0.labelMapPath != nil } ? built.metainfo.classes : [])
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let data = error as? DataError
      report.add([
        DataFault(
          file: data?.file ?? file(of: dataset), kind: "unreadable_data_set",
          message: data?.message ?? "\(error)")
      ])
      return nil
    }
  }

  private func file(of dataset: ComponentConfiguration) -> String {
    DatasetSettings.path(
      dataset.node["ann_file"]?.string ?? "", below: dataset.node["data_root"]?.string ?? "")
  }
}
