import Coco
import Data
import Imaging
import Reporting
import Testing

@Suite("colours")
struct ClassColoursTests {
  @Test(
    "are the data set's, else COCO's by name, else distinct: the same for what is given, tested and predicted"
  )
  func rule() {
    let red = SIMD3<UInt8>(255, 0, 0)
    let own = ClassColours(DatasetMetainfo(classes: ["car", "x"], palette: [red, red]))
    #expect(own.palette == Palette([red, red]) && !own.isSingle)
    // A palette that does not fit is none; a data set with COCO's colours and a checkpoint without any agree.
    for palette in [[], [red], CocoClasses.palette(for: ["car", "x"])] {
      let colours = ClassColours(DatasetMetainfo(classes: ["car", "x"], palette: palette))
      #expect(colours.palette.colours == CocoClasses.palette(for: ["car", "x"]))
    }
    #expect(ClassColours(DatasetMetainfo(classes: ["x", "y"])).palette == Palette.distinct(2))
  }

  @Test("tell objects of the only class apart")
  func single() {
    let colours = ClassColours(DatasetMetainfo(classes: ["disc"]))
    #expect(colours.isSingle && colours.object(0, label: 0) != colours.object(1, label: 0))
    let several = ClassColours(DatasetMetainfo(classes: ["disc", "square"]))
    #expect(several.object(0, label: 1) == several.object(5, label: 1))
  }
}
