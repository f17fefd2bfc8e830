import Analysis
import Reporting
import Testing

@Suite("curves")
struct CurvesFigureTests {
  private func run(_ name: String, points: Int = 3) -> RunCurves {
    var run = RunCurves(name: name)
    for step in 0..<points {
      run.add(
        step: Double(step), isOfValidation: false,
        [("loss", Double(points - step)), ("lr", 0.1), ("loss_cls", .nan)])
    }
    run.add(step: Double(points), isOfValidation: true, [("mIoU", 61.5), ("coco/bbox_mAP_s", -1)])
    return run
  }

  @Test("are an SVG with a title, a description and no name that could be markup")
  func svg() {
    let svg = CurvesFigure([run("</svg><script>\"&'\u{1}")]).svg
    #expect(svg.contains("role=\"img\" aria-labelledby=\"title desc\""))
    #expect(svg.contains("<title id=\"title\">Curves of &lt;/svg&gt;&lt;script&gt;&quot;&amp;&#39; </title>"))
    #expect(svg.contains("loss: 3 at iteration 0, 1 at 2"))
    #expect(!svg.contains("<script") && svg.hasSuffix("</svg>\n"))
    // What has no figure has no curve; -1 is COCO's word for that.
    #expect(!svg.contains("loss_cls") && !svg.contains("bbox_mAP_s"))
    #expect(svg.contains("Validation, in percent over iterations"))
    #expect(svg == CurvesFigure([run("</svg><script>\"&'\u{1}")]).svg)
  }

  @Test("lay runs beside each other, a panel a key, also as a picture")
  func several() {
    let figure = CurvesFigure([run("a"), run("b")], keys: ["loss"])
    #expect(figure.svg.contains("#0072b2") && figure.svg.contains("#d55e00"))
    #expect(figure.picture.width == 480 && figure.picture.pixels.contains { $0 < 100 })
  }

  @Test("are drawn of nothing, of one point, of numbers without end")
  func odd() {
    var odd = RunCurves(name: "odd")
    odd.add(step: 1e300, isOfValidation: false, [("loss", 1e300), ("lr", -1e300)])
    for runs in [[], [RunCurves(name: "empty")], [odd]] {
      let figure = CurvesFigure(runs)
      #expect(figure.svg.hasPrefix("<svg ") && figure.picture.height > 0)
    }
  }

  @Test(
    "have axes with round ends and labels",
    arguments: [
      ([0.0, 10], "0 2 4 6 8 10"), ([0.13, 0.37], "0.10 0.15 0.20 0.25 0.30 0.35 0.40"),
      ([5, 5], "4.4 4.6 4.8 5.0 5.2 5.4 5.6"),
      ([-3, 4], "-4 -2 0 2 4"), ([], "0.0 0.2 0.4 0.6 0.8 1.0"),
      ([.nan, 0, 2e7], "0 5e+06 1e+07 1.5e+07 2e+07"),
    ])
  func axis(values: [Double], labels: String) {
    #expect(Axis(values).labels.map(\.text).joined(separator: " ") == labels)
  }
}
