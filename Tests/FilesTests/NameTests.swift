import Foundation
import TestSupport
import Testing

import Files

@Suite("names")
struct NameTests {
  @Test(
    "are taken apart and joined as texts",
    arguments: [
      ("a/b.png", "a", "b.png", "b", "png"), ("b", "", "b", "b", ""),
      ("/b.tar.gz", "/", "b.tar.gz", "b.tar", "gz"),
      ("./.b", ".", ".b", ".b", ""), ("a/", "a", "", "", ""),
    ])
  func parts(path: String, folder: String, name: String, stem: String, ending: String) {
    #expect(Folder.split(path) == (folder, name))
    #expect(Folder.splitExtension(name) == (stem, ending))
    if !path.hasSuffix("/") { #expect(Folder.join(folder, name) == path) }
  }

  @Test("for a line of text, what could play tricks on a terminal is escaped, and long ones are cut")
  func printed() {
    #expect("a\u{1b}[2J\u{202e}b".printedWhole == #"a\u{1b}[2J\u{202e}b"#)
    #expect("é 日本".printed == "é 日本")
    let long = String(repeating: "x", count: 300)
    #expect(long.printedWhole == long && long.printed.count == 201)
  }

  @Test("of one file are one identity, whatever their spelling; those of several are several")
  func identity() throws {
    let folder = try TemporaryFolder(["a/x": "", "b/x": ""])
    let path = folder.path
    symlink("\(path)/a", "\(path)/link")
    symlink("\(path)/a/x", "\(path)/b/y")
    symlink("none", "\(path)/b/dangling")
    let x = FileIdentity("\(path)/a/x")
    for same in ["a/../a/x", "./a//x", "link/x", "b/y"] {
      #expect(FileIdentity("\(path)/\(same)") == x, "\(same)")
    }
    #expect(x.exists && x != FileIdentity("\(path)/b/x"))
    let new = FileIdentity("\(path)/a/new")
    #expect(!new.exists && new == FileIdentity("\(path)/link/new") && new != FileIdentity("\(path)/b/new"))
    #expect(FileIdentity("\(path)/b/dangling") == FileIdentity("\(path)/b/none"))
    #expect(FileIdentity("\(path)/none/deep/x") != FileIdentity("\(path)/none/x"))
  }

  @Test("folders are made with those above them; what is in the way is named")
  func folders() throws {
    let folder = try TemporaryFolder(["file": ""])
    symlink("none", "\(folder.path)/dangling")
    let error = #expect(throws: FileError.self) { try Folder.make("\(folder.path)/dangling") }
    #expect(error?.reason == "it is a link that leads to nothing; name another folder")
    try Folder.makeWritable("\(folder.path)/a/b//c/")
    #expect(Folder.isFolder("\(folder.path)/a/b/c"))
    for name in ["file", "file/x"] {
      let error = #expect(throws: FileError.self) { try Folder.make("\(folder.path)/\(name)") }
      #expect(error?.description.contains("cannot be made") == true)
      #expect(error?.reason.contains("is a file, not a folder") == true)
    }
  }
}

@Suite("text tables")
struct TextTableTests {
  @Test("have columns of one width, words to the left and numbers to the right, and no spaces at the ends")
  func table() {
    let table = TextTable(
      [.left(), .right(4), .left()], indent: 1,
      rows: [["name", "n", "what"], ["é", "10", ""], ["long one"]])
    #expect(table.lines == [" name         n  what", " é           10", " long one"])
  }
}

@Suite("standard streams")
struct StandardStreamTests {
  @Test("what cannot be written is an error with the reason, never a trap")
  func failures() throws {
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    let error = #expect(throws: StreamError.self) {
      try StandardStream(descriptor: full, name: "standard output").write("text")
    }
    #expect(error?.message == "standard output cannot be written: the disk is full")
    #expect(error?.isClosedPipe == false)
    let closed = #expect(throws: StreamError.self) {
      try StandardStream(descriptor: -1, name: "standard error").write("text")
    }
    #expect(closed?.message == "standard error cannot be written: it is closed")
    try StandardStream(descriptor: -1, name: "standard error").write("")
  }

  @Test("a reader that has gone is told apart")
  func closedPipe() throws {
    signal(SIGPIPE, SIG_IGN)
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    try StandardStream(descriptor: ends[1], name: "standard output").write("text")
    close(ends[0])
    let error = #expect(throws: StreamError.self) {
      try StandardStream(descriptor: ends[1], name: "standard output").write("text")
    }
    #expect(error?.isClosedPipe == true)
    close(ends[1])
  }
}
