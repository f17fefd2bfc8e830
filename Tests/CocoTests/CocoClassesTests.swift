import Coco
import Imaging
import Testing

@Suite("COCO's classes")
struct CocoClassesTests {
  @Test("are 80, each with a colour of its own name")
  func names() {
    #expect(CocoClasses.names.count == 80 && CocoClasses.palette.count == 80)
    #expect(Set(CocoClasses.names).count == 80)
    #expect(CocoClasses.names.first == "person" && CocoClasses.names.last == "toothbrush")
  }

  @Test(
    "give colours by name, distinct ones to other names, and none where no name is COCO's",
    arguments: [
      (["car", "person"], [SIMD3(0, 0, 142), SIMD3(220, 20, 60)]),
      (["person", "nucleus"], [SIMD3(220, 20, 60), Palette.distinct(2)[1]]), (["nucleus"], []), ([], []),
    ] as [([String], [SIMD3<UInt8>])])
  func colours(classes: [String], expected: [SIMD3<UInt8>]) {
    #expect(CocoClasses.palette(for: classes) == expected)
  }
}
