import Testing

import Training

@Suite("ProgressLine")
struct ProgressLineTests {
  @Test(
    "shows whole fields, as many as fit",
    arguments: [
      (80, "[50/1800]  eta 0:10:00  loss 0.5"), (23, "[50/1800]  eta 0:10:00"), (22, "[50/1800]  loss 0.5"),
      (20, "[50/1800]  loss 0.5"), (10, "[50/1800]"), (5, "[50/"), (1, ""), (0, ""),
    ])
  func fits(columns: Int, line: String) {
    #expect(
      ProgressLine.fitting(["[50/1800]", "eta 0:10:00", "loss 0.5"], columns: columns) == line)
  }
}
