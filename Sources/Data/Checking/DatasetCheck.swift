import Configuration
import Imaging
import Tensors

/// Reads everything that data sets name once and collects what is wrong: what `dense data check` does.
public struct DatasetCheck: Sendable {
  private let components: DataComponents
  private let scope: String?

  /// A check of data sets whose types are among these components; a bare name is one of the scope's, `mmdet` or
  /// `mmseg`.
  public init(components: DataComponents, scope: String?) {
    (self.components, self.scope) = (components, scope)
  }

  /// Opens annotation files, images and label maps, on `Threads.count` threads.
  ///
  /// - Parameters:
  ///   - datasets: As the config has them; a place is an index into them.
  ///   - training: The place of the data set that is learnt from, if any is.
  ///   - use: What a run does with a data set once it is built, by its place: metrics. What it throws is in the report.
  ///   - progress: Told now and then how many of the images are read.
  /// - Throws: `ConfigurationError` about the data sets' settings; faults of files are in the report.
  public func run(
    _ datasets: [ComponentConfiguration], training: Int? = nil,
    use: (_ place: Int, any Dataset) throws -> Void = { _, _ in },
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> DatasetCheckReport {
    var report = DatasetCheckReport()
    var labels = LabelShares()
    var tasks: [Task] = []
    var seen: Set<TaskKey> = []
    var opened: [String: DatasetInventory] = [:]
    var repeated = RepeatedImages()
    for (place, dataset) in datasets.enumerated() {
      let before = report.errorCount
      var isSound = true
      for (part, inventory, isNew) in try parts(of: dataset, &opened, &report) {
        if isNew { report.annotations += inventory.annotationCount }
        let faults = inventory.faults + (try loadsMasks(part) ? inventory.maskFaults : [])
        isSound = isSound && !faults.contains { $0.severity == .error }
        report.add(faults)
        for sample in inventory.samples { repeated.add(sample.imagePath, use: place) }
        for sample in inventory.samples where isNew && seen.insert(TaskKey(sample)).inserted {
          tasks.append(
            Task(
              sample: sample, id: inventory.identifiesImages ? sample.imageID : nil,
              classes: inventory.classes))
        }
      }
      // Whatever else training would refuse, it refuses here.
      if isSound, report.errorCount == before { try build(dataset, &report) { try use(place, $0) } }
    }
    report.images = Set(tasks.map(\.sample.imagePath)).count
    report.classes = Self.classes(of: tasks)
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
    report.add(repeated.faults(training: training))
    report.labels = labels.rows
    report.add(labels.faults(report.labels))
    return report
  }

  private static var portion: Int { 256 }

  /// How many images there are of each class; nothing where images have none.
  private static func classes(of tasks: [Task]) -> [ClassImages] {
    var files: [Int: Set<String>] = [:]
    var names: [String] = []
    for task in tasks {
      guard let label = task.sample.classLabel else { continue }
      files[label, default: []].insert(task.sample.imagePath)
      if task.classes.count > names.count { names = task.classes }
    }
    guard !files.isEmpty else { return [] }
    return Set(files.keys).union(names.indices).sorted().map { label in
      ClassImages(
        name: names.indices.contains(label) ? names[label] : "\(label)", images: files[label]?.count ?? 0)
    }
  }

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
    var classLabel: Int?
    var labelMap: String?
    var labels: LabelMeaning

    init(_ sample: Sample) {
      (image, size, labelMap) = (sample.imagePath, sample.originalSize, sample.labelMapPath)
      (labels, classLabel) = (sample.labels, sample.classLabel)
    }
  }

  private var context: DataContext { DataContext(scope: scope, components: components) }

  /// The data sets within one that is made of others, or this one, with what their files name and whether those are
  /// read for the first time; without those that cannot be read, about which the report has a fault.
  private func parts(
    of dataset: ComponentConfiguration, _ opened: inout [String: DatasetInventory],
    _ report: inout DatasetCheckReport
  ) throws -> [(dataset: ComponentConfiguration, inventory: DatasetInventory, isNew: Bool)] {
    let key = Self.key(of: dataset)
    let known = opened[key]
    guard let inventory = try known ?? inventory(of: dataset, &report) else { return [] }
    opened[key] = inventory
    guard !inventory.parts.isEmpty else { return [(dataset, inventory, known == nil)] }
    return try inventory.parts.flatMap { try parts(of: $0, &opened, &report) }
  }

  /// Whether the pipeline of a data set loads the masks of objects.
  private func loadsMasks(_ dataset: ComponentConfiguration) throws -> Bool {
    let steps = try dataset.node["pipeline"]?.elements?.map { try ComponentConfiguration($0) } ?? []
    return try Pipeline(steps, in: context).loads.contains(.masks)
  }

  /// Builds a data set as a run does, and puts what it refuses into the report.
  private func build(
    _ dataset: ComponentConfiguration, _ report: inout DatasetCheckReport, use: (any Dataset) throws -> Void
  ) throws {
    var effect = "training stops before its first step"
    do {
      let built = try components.datasets.build(dataset, scope: scope, in: context)
      effect = "a run that judges its predictions stops"
      do { try use(built) } catch let error as ConfigurationError {
        throw DataError(file: file(of: dataset), "\(error)")
      }
    } catch let error as ConfigurationError {
      throw error
    } catch {
      let data = error as? DataError
      let message = data?.message ?? "\(error)"
      guard !report.faults.contains(where: { $0.message == message }) else { return }
      report.add([
        DataFault(
          file: data?.file ?? file(of: dataset), kind: "unusable_data_set", message: message, effect: effect)
      ])
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
        annotationCount: samples.reduce(0) { sum, sample in
          sum + max(sample.annotations.count, sample.labelMapPath == nil && sample.classLabel == nil ? 0 : 1)
        },
        faults: [],
        classes: samples.contains { $0.labelMapPath != nil || $0.classLabel != nil }
          ? built.metainfo.classes : [])
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
