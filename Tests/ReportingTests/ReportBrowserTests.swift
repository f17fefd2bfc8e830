import Foundation
import Reporting
import TestSupport
import Testing

/// Debian's name for it, where it is installed.
private let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .first { FileManager.default.isExecutableFile(atPath: $0) }

@Suite(
  "report.html in a browser",
  .enabled(if: chromium != nil, "chromium is not installed: apt-get install chromium"))
struct ReportBrowserTests {
  /// Opens a page without a network and gives its document, and what the console says.
  private func open(_ path: String, in folder: TemporaryFolder) throws -> (
    document: String, console: [String]
  ) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(chromium))
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
      "--user-data-dir=\(folder.path)/profile", "--host-resolver-rules=MAP * ~NOTFOUND",
      "--virtual-time-budget=4000", "--dump-dom", "file://\(path)",
    ]
    let (output, errors) = ("\(folder.path)/out", "\(folder.path)/err")
    for file in [output, errors] { try Data().write(to: URL(fileURLWithPath: file)) }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let said = try folder.text("err").split(separator: "\n").map(String.init)
    return (try folder.text("out"), said.filter { $0.contains("CONSOLE") })
  }

  @Test("works, asks for nothing, says nothing, and fits 320, 768 and 1400 pixels")
  func fits() throws {
    let run = try MadeRun(try MadeRun.facts(classes: 60))
    let page = try run.html()
    // Frames as wide as screens are; the page in them keeps its own policy.
    let source = page.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
    let frames = [320, 768, 1400].map {
      "<iframe width=\"\($0)\" height=\"900\" srcdoc=\"\(source)\"></iframe>"
    }
    let wrapper = """
      <!DOCTYPE html><meta charset="utf-8"><body>\(frames.joined())<script>
      onload=()=>{
        const seen=[...document.querySelectorAll('iframe')].map(f=>{
          const d=f.contentDocument,all=s=>[...d.querySelectorAll(s)],e=d.documentElement;
          const sort=d.querySelector('table.sorted th.n button');sort.click();
          const slider=d.querySelector('input[type=range]');slider.value=1;slider.oninput();
          const chart=d.querySelector('svg.chart');chart.dispatchEvent(new KeyboardEvent('keydown',{key:'ArrowLeft'}));
          const levels=all('h1,h2,h3').map(h=>+h.tagName[1]);
          return {width:e.clientWidth,over:e.scrollWidth-e.clientWidth,
            nameless:all('svg[role=img]').filter(s=>!s.querySelector('title,desc')).length+all('img:not([alt])').length,
            unlabelled:all('input,select').filter(i=>!i.closest('label')).length,
            jumps:levels.filter((l,i)=>i&&l>levels[i-1]+1).length,
            sorted:sort.closest('th').getAttribute('aria-sort'),low:all('[data-s]').filter(s=>s.style.display!='none').length,
            read:d.querySelector('.legend output').textContent.includes(' at '),
            small:all('button,select,input,nav a').filter(b=>b.getClientRects().length&&b.getBoundingClientRect().height<16).length,
            images:all('img').filter(i=>i.complete&&!i.naturalWidth).length,
            requests:f.contentWindow.performance.getEntriesByType('resource').filter(r=>!r.name.startsWith('data:')).length};
        });
        document.body.replaceChildren(JSON.stringify(seen));
      };
      </script>
      """
    let folder = run.folder
    let file = try folder.write(Array(wrapper.utf8), as: "frames.html")
    let (document, console) = try open(file, in: folder)
    #expect(console == [])
    struct Seen: Decodable, Equatable {
      var width, over, nameless, unlabelled, jumps, low, small, images, requests: Int
      var sorted: String
      var read: Bool
    }
    let text = try #require(document.firstMatch(of: /\[\{.*\}\]/)?.0, "\(document.prefix(500))")
    let seen = try JSONDecoder().decode([Seen].self, from: Data(text.utf8))
    #expect(seen.count == 3)
    for (frame, width) in zip(seen, [320, 768, 1400]) {
      #expect(frame.width > width - 40 && frame.width <= width)
      #expect(
        frame
          == Seen(
            width: frame.width, over: 0, nameless: 0, unlabelled: 0, jumps: 0, low: 0, small: 0, images: 0,
            requests: 0,
            sorted: "descending", read: true))
    }
  }

  @Test("opens by itself with as many classes and images as COCO's larger kin")
  func large() throws {
    let run = try MadeRun(try MadeRun.facts(classes: 1203, images: 50_000, pictures: 48))
    let file = try run.folder.write(Array(try run.html().utf8), as: "report.html")
    let start = ContinuousClock.now
    let (document, console) = try open(file, in: run.folder)
    #expect(console == [])
    #expect(document.contains("of 48 pictures"))
    // Starting the browser is most of it.
    #expect(ContinuousClock.now - start < .seconds(30))
  }
}
