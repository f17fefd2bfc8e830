import Foundation
import TestSupport
import Testing

import Training

@Suite("metrics.csv")
struct MetricsTableTests {
  @Test("is read back as it was written, whatever the classes are called")
  func roundTrip() throws {
    var table = MetricsTable()
    table.add(step: 10, epoch: 1, [("mIoU", 12.5), ("IoU/a,b", .nan), ("IoU/say \"hi\"\nyou", 3)])
    table.add(step: 20, epoch: 2, [("mIoU", 13), ("IoU/new", 1)])
    #expect(
      table.text == """
        step,epoch,mIoU,"IoU/a,b","IoU/say ""hi""
        you",IoU/new
        10,1,12.5,,3.0,
        20,2,13.0,,,1.0

        """)
    let read = try #require(MetricsTable(table.text))
    #expect(read.text == table.text)
  }

  @Test("drops rows of the step at hand and later ones")
  func replaces() {
    var table = MetricsTable()
    for step in [10, 20, 30] { table.add(step: step, epoch: 0, [("a", Double(step))]) }
    table.add(step: 20, epoch: 0, [("a", 5)])
    #expect(table.text == "step,epoch,a\n10,0,10.0\n20,0,5.0\n")
  }

  @Test("is not taken from other texts, and a row that was cut short is dropped")
  func broken() throws {
    #expect(MetricsTable("") == nil)
    #expect(MetricsTable("{\"lr\": 1}") == nil)
    #expect(try #require(MetricsTable("step,epoch,a\n1,0,2.0\n2,0")).text == "step,epoch,a\n1,0,2.0\n")
  }

  @Test("goes on behind the rows up to the step that is resumed")
  func resumed() throws {
    let folder = try TemporaryFolder()
    func run(_ length: Int, resume: TrainingOptions.Resume) throws {
      try trainToy(
        try toyConfiguration(
          """
          train_cfg: {type: IterBasedTrainLoop, max_iters: \(length), val_interval: 4}
          default_hooks: {checkpoint: {type: CheckpointHook, interval: 4}}
          """), in: folder, resume: resume)
    }
    try run(12, resume: .no)
    try run(16, resume: .file("\(folder.path)/iter_8.safetensors"))
    let runs = WorkDirectory.runFolders(in: folder.path)
    #expect(runs.count == 2)
    let steps = try runs.map { run in
      try folder.text("\(run)/metrics.csv").split(separator: "\n").dropFirst()
        .map { $0.split(separator: ",")[0] }
    }
    #expect(steps == [["4", "8", "12"], ["4", "8", "12", "16"]])
  }

  @Test("is a warning, once a minute, where it cannot be written: the run goes on")
  func cannotWrite() throws {
    let folder = try TemporaryFolder()
    let run = try TrainingRun(
      configuration: try toyConfiguration(
        "train_cfg: {type: IterBasedTrainLoop, max_iters: 12, val_interval: 4}"), components: .toy,
      options: TrainingOptions(workDirectory: folder.path, isQuiet: true))
    let work = try #require(run.trainer.workDirectory)
    try FileManager.default.createDirectory(atPath: work.metricsFile, withIntermediateDirectories: true)
    try run.run()
    let log = try String(contentsOfFile: work.logFile, encoding: .utf8)
    #expect(log.components(separatedBy: "metrics.csv was not written: ").count == 2)
    #expect(run.trainer.isDone)
  }
}
