import Data
import Reporting
import Testing

@Suite("texts")
struct TextTests {
  @Test("of a check list its faults by kind, fit for a terminal, so many of each")
  func check() {
    var report = DatasetCheckReport()
    #expect(report.text() == "0 images, 0 annotations\nnothing is wrong\n")
    report.images = 2
    report.labels = [
      LabelShare(value: 0, className: nil, isIgnored: true, pixels: 1, share: 0.25),
      LabelShare(value: 12, className: "starfish", isIgnored: false, pixels: 3, share: 0.75),
    ]
    report.add((0..<52).map { DataFault(file: "a\u{1b}", id: $0, kind: "b", message: "c\n") })
    let lines = report.text().split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines[2...4].map(String.init) == [
        "file value  class      pixel share", "         0  (ignored)     25.000 %",
        "        12  starfish      75.000 %",
      ])
    #expect(lines[7] == "b: 52" && lines[8] == #"  a\u{1b} [0]: c\u{a}"#)
    #expect(report.text().hasSuffix("  … 2 more; --json lists all\n\n52 faults: 52 errors, 0 notes\n"))
  }
}
