import Analysis
import TestSupport
import Testing

@Suite("curves of logs")
struct RunCurvesTests {
  private static let mm = """
    2026/01/01 00:00:00 - mmengine - INFO - Iter(train) [  50/1800]  lr: 1.0000e-04  eta: 0:10:00  time: 0.1000  loss: 1.5000
    2026/01/01 00:00:00 - mmengine - INFO - Iter(val) [4/4]  mIoU: 12.5000  data_time: 0.1  time: 0.2
    """
  private static let epochs = """
    INFO - Epoch(train)  [1][ 50/100]  lr: 1.0e-04  loss: 1.5
    INFO - Epoch(train)  [1][100/100]  lr: 1.0e-04  loss: 1.25
    INFO - Epoch(val) [1][4/4]  coco/bbox_mAP: 0.5
    INFO - Epoch(train)  [2][ 50/100]  lr: 1.0e-04  loss: 1.0
    """
  private static let scalars = """
    {"lr": 0.1, "loss": 1.5, "time": 0.1, "epoch": 1, "iter": 100, "memory": 5, "step": 100}
    {"coco/bbox_mAP": 0.5, "data_time": 0.1, "time": 0.1, "step": 1}
    {"lr": 0.1, "loss": null, "epoch": 2, "iter": 150, "step": 150}
    {"lr": 0.1, "loss": 1.0, "epoch": 2, "iter": 200, "step": 200}
    """
  private static let old = """
    {"env_info": "x", "seed": null}
    {"mode": "train", "epoch": 1, "iter": 50, "lr": 0.1, "loss": 1.5}
    {"mode": "train", "epoch": 1, "iter": 100, "lr": 0.1, "loss": 1.25}
    {"mode": "val", "epoch": 1, "iter": 20, "lr": 0.1, "bbox_mAP": 0.5}
    {"mode": "train", "epoch": 2, "iter": 50, "lr": 0.1, "loss": 1.0}
    """
  private static let swin = """
    [2021-04-10 swin] (main.py 1): INFO Train: [0/300][0/100]\teta 1:00:00 lr 0.000001\t time 4.0 (4.0)\tloss 6.9 (6.9)\tgrad_norm 1.5 (1.5)\tmem 9000MB
    [2021-04-10 swin] (main.py 1): INFO Train: [1/300][50/100]\teta 1:00:00 lr 0.000002\t time 4.0 (4.0)\tloss 5.0 (6.0)\tgrad_norm inf (inf)\tmem 9000MB
    [2021-04-10 swin] (main.py 2): INFO  * Acc@1 12.500 Acc@5 25.000
    """
  private static let detectron2 = """
    [01/01 00:00:00 d2.utils.events]:  eta: 0:10:00  iter: 19  total_loss: 1.5  loss_cls: 0.5  time: 0.2  lr: 0.001  max_mem: 2000M
    """

  @Test(
    "are read of several toolkits",
    arguments: [
      (mm, "loss", [50.0], [1.5]), (mm, "mIoU", [50], [12.5]), (mm, "lr", [50], [1e-4]),
      (epochs, "loss", [50, 100, 150], [1.5, 1.25, 1]), (epochs, "coco/bbox_mAP", [100], [0.5]),
      (scalars, "loss", [100, 200], [1.5, 1]), (scalars, "coco/bbox_mAP", [100], [0.5]),
      (old, "loss", [50, 100, 150], [1.5, 1.25, 1]), (old, "bbox_mAP", [100], [0.5]),
      (swin, "loss", [1, 151], [6.9, 5]), (swin, "Acc@1", [151], [12.5]), (swin, "grad_norm", [1], [1.5]),
      (detectron2, "total_loss", [20], [1.5]), (detectron2, "lr", [20], [0.001]),
      ("{\"iteration\": 19, \"total_loss\": 1.5}", "total_loss", [20], [1.5]),
    ] as [(String, String, [Double], [Double])])
  func formats(log: String, name: String, steps: [Double], values: [Double]) throws {
    let curve = try #require(RunCurves(log: log, name: "log")[name].first)
    #expect(curve.points.map(\.step) == steps && curve.points.map(\.value) == values)
  }

  @Test("of a log in which a run goes on from an earlier step tell what follows anew")
  func resumed() throws {
    let lines = [10, 20, 30, 20, 40].map { "{\"lr\": 1, \"loss\": \($0), \"step\": \($0)}" }
    let curve = try #require(RunCurves(log: lines.joined(separator: "\n"), name: "log")["loss"].first)
    #expect(curve.points.map(\.step) == [10, 20, 40])
  }

  @Test("of a work directory join its runs, each from where it went on")
  func joined() throws {
    func log(_ steps: [Int], _ loss: Int) -> String {
      steps.map { "{\"lr\": 1, \"loss\": \(loss), \"step\": \($0)}\n" }.joined()
    }
    let folder = try TemporaryFolder([
      "20260101_000000/vis_data/scalars.json": log([10, 20, 30], 1),
      "20260101_000000_2/vis_data/scalars.json": log([30, 40], 2), "other/x.txt": "",
    ])
    let curve = try #require(try RunCurves(contentsOf: folder.path)["loss"].first)
    #expect(curve.points.map(\.step) == [10, 20, 30, 40] && curve.points.map(\.value) == [1, 1, 2, 2])
  }

  @Test("are thinned to what looks the same")
  func thinned() {
    var run = RunCurves(name: "long")
    for step in 0..<100_000 {
      run.add(step: Double(step), isOfValidation: false, [("loss", step == 54_321 ? 1e6 : Double(step % 7))])
    }
    let points = run.curves[0].thinned()
    #expect(points.count <= 2_000 && points.contains { $0.value == 1e6 })
    #expect(points.first?.step == 0 && points.last?.step == 99_999)
    #expect(zip(points, points.dropFirst()).allSatisfy { $0.step < $1.step })
  }

  @Test(
    "are not in other files", arguments: ["", "hello\n", "{\"a\": 1}", "\u{0}\u{1}[[[", "Train: [1/2][3"])
  func others(text: String) throws {
    let folder = try TemporaryFolder(["log.txt": text])
    #expect(throws: (any Error).self) { try RunCurves(contentsOf: "\(folder.path)/log.txt") }
    #expect(throws: (any Error).self) { try RunCurves(contentsOf: "\(folder.path)/none") }
  }
}
