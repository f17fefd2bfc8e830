import Foundation
import TestSupport
import Testing

import Files

@Suite("regular files")
struct RegularFileTests {
  @Test("are read whole and in pieces")
  func reads() throws {
    let folder = try TemporaryFolder(["a": "0123456789"])
    let file = try RegularFile(folder.path + "/a")
    #expect(file.size == 10)
    #expect(try file.whole() == Array("0123456789".utf8))
    #expect(try file.read(3..<6) == Array("345".utf8))
    #expect(try file.read(10..<10).isEmpty)
  }

  @Test(
    "what is none is refused without waiting, and says what is wanted",
    arguments: [
      ("", "is a folder, not a checkpoint"), ("pipe", "is a pipe or a device, not a checkpoint"),
      ("no", "no such file"), ("a/b", "a part of its path is a file, not a folder"),
      (String(repeating: "x", count: 300), "its name is too long"),
      ("x\0y", "its name holds a NUL character"),
    ])
  func refuses(name: String, reason: String) throws {
    let folder = try TemporaryFolder(["a": ""])
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    let path = "\(folder.path)/\(name)"
    let error = #expect(throws: FileError.self) { try RegularFile(path, wanted: "a checkpoint") }
    #expect(error == FileError(file: path, .read, reason))
    #expect(error?.place.file == path && error?.message == "cannot be read: \(reason)")
  }

  @Test("one that became shorter is an error, as is one that is larger than asked for")
  func shortened() throws {
    let folder = try TemporaryFolder(["a": "0123456789"])
    let file = try RegularFile(folder.path + "/a")
    #expect(throws: FileError.self) { try file.whole(limit: 9) }
    #expect(truncate(folder.path + "/a", 4) == 0)
    let error = #expect(throws: FileError.self) { try file.whole() }
    #expect(error?.reason == "became shorter while it was read")
    #expect(throws: FileError.self) { try file.read(5..<11) }
  }
}

@Suite("atomic files")
struct AtomicFileTests {
  @Test("puts no file in the place of a pipe or a device")
  func special() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    let error = #expect(throws: FileError.self) { try AtomicFile.write("x".utf8, to: pipe) }
    #expect(error?.reason == "is a pipe or a device, not a file")
    var status = stat()
    #expect(lstat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    #expect(folder.names() == ["pipe"])
  }

  @Test("replace the old file, make folders, and leave nothing else behind")
  func writes() throws {
    let folder = try TemporaryFolder()
    for text in ["one", "two"] { try AtomicFile.write(text.utf8, to: folder.path + "/a/b/c") }
    #expect(try folder.text("a/b/c") == "two")
    #expect(folder.names("a/b") == ["c"])
  }

  @Test(
    "what cannot be written keeps the old file, and says why",
    arguments: [
      ("folder", "is a folder, not a file"), ("folder/", "is a folder, not the name of a file"),
      ("file/x", "is a file, not a folder; name another folder"),
      (String(repeating: "x", count: 300), "its name is too long"),
    ])
  func refuses(name: String, reason: String) throws {
    let folder = try TemporaryFolder(["file": "old", "folder/x": ""])
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write("new".utf8, to: "\(folder.path)/\(name)")
    }
    #expect(error?.reason.hasSuffix(reason) == true, "\(String(describing: error))")
    #expect(try folder.text("file") == "old")
    #expect(folder.names() == ["file", "folder"])
  }

  @Test("a full disk is told with what is needed and what is free")
  func fullDisk() throws {
    // /dev/full answers every write as a full disk does; it cannot be replaced, so the link to it is.
    let code = [1, 2, 3].withUnsafeBytes { bytes in
      let full = open("/dev/full", O_WRONLY)
      defer { close(full) }
      return DescriptorOutput.write(bytes, to: full)
    }
    #expect(code == ENOSPC)
    #expect(AtomicFile.reason(ENOSPC, needed: 24, in: "").hasPrefix("the disk is full: 24 bytes needed, "))
    // Renaming writes no bytes of the file.
    let name = AtomicFile.reason(ENOSPC, needed: nil, in: "")
    #expect(name.hasPrefix("the disk is full: no room for the name, ") && name.hasSuffix(" bytes free"))
  }

  @Test("names of up to 255 bytes have a hidden name that fits, and different names different ones")
  func longNames() throws {
    let folder = try TemporaryFolder()
    for letter in ["x", "é", "🐠"] {
      let name = String(repeating: letter, count: 255 / letter.utf8.count)
      try AtomicFile.write("a".utf8, to: "\(folder.path)/\(name)")
      #expect(folder.names().contains(name))
      #expect(PartialName.name(for: name + "a") != PartialName.name(for: name + "b"))
    }
  }

  @Test("what processes that are gone left behind is removed, and nothing else")
  func abandoned() throws {
    // No process has the largest number.
    let gone = ".a.\(Int32.max).partial"
    let kept = [".a.\(getpid()).partial", ".a.x.partial", "a.\(Int32.max).partial", ".a.partial"]
    let folder = try TemporaryFolder(
      (kept + [gone, ".b.\(Int32.max)-7.partial/x"]).reduce(into: [:]) { $0[$1] = "" })
    PartialName.removeAbandoned(in: folder.path, of: "b")
    #expect(folder.names() == (kept + [gone]).sorted())
    PartialName.removeAbandoned(in: folder.path)
    #expect(folder.names() == kept.sorted())
  }
}
