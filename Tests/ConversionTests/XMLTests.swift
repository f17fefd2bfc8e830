import Conversion
import TestSupport
import Testing

@Suite("XML of annotation tools")
struct XMLTests {
  @Test(
    "broken XML is named with its line, and never read in part",
    arguments: [
      ("", "the file is empty"), ("<a", "a name is wanted"),
      ("<annotation>\n<size>\n</annotation>", "line 3: </annotation> stands where </size>"),
      ("<annotation a=1/>", "not in quotation marks"), ("<annotation a='1' a='2'/>", "the attribute a twice"),
      ("<annotation/><annotation/>", "something stands behind"),
      ("<annotation>&boom;</annotation>", "entity &boom; is not known"),
      ("<!DOCTYPE x [<!ENTITY a \"b\">]><annotation/>", "entities of a file's own"), ("\u{0}", "no XML"),
      ("<annotation><!-- </annotation>", "the file ends within a comment"), ("{}", "no XML"),
      (String(repeating: "<a>", count: 100), "more than 64 deep"), ("<html/>", "not VOC's <annotation>"),
    ])
  func broken(text: String, expected: String) throws {
    let folder = try TemporaryFolder([
      "Annotations/a.xml": text, "Annotations/b.xml": "<annotation><filename>b.png</filename></annotation>",
    ])
    try folder.picture("JPEGImages/a.png")
    try folder.picture("JPEGImages/b.png")
    let reading = try AnnotationFormat.voc.read(folder, "")
    #expect(reading.faults.count == 1 && reading.sets[0].images.count == 1)
    #expect(reading.faults.first?.message.contains(expected) == true, "\(reading.faults)")
  }
}
