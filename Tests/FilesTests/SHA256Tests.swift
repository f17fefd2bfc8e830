import Files
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  @Test(
    "gives the standard's hashes",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func standard(text: String, expected: String) {
    var hash = SHA256()
    // In two pieces: how the bytes come does not matter.
    hash.update(Array(text.utf8.prefix(5)))
    hash.update(Array(text.utf8.dropFirst(5)))
    #expect(hash.finished() == expected)
  }
}
