import CMPI

#if canImport(Glibc)
  import Glibc
#endif

/// Lines between the machines of a run, over which nothing is said but a password: the system closes them at once when a
/// process ends. Each machine has one to the first rank's.
package enum Lifeline {
  /// Where the first rank is found.
  package struct End: Codable, Equatable, Sendable {
    /// Its machine's.
    package var addresses: [String]
    package var port: UInt16
    /// What who calls has to say: anybody may.
    package var password: String
  }

  /// Waits for the others' calls.
  ///
  /// - Returns: The file that can be read when one calls; nil where the system offers none.
  package static func listen() -> (listener: Int32, end: End)? {
    var port: UInt16 = 0
    let listener = cmpi_listen(&port)
    guard listener >= 0 else { return nil }
    var text = [CChar](repeating: 0, count: 4096)
    cmpi_addresses(&text, text.count)
    let addresses = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(separator: " ").map(String.init)
    let password = (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
    return (listener, End(addresses: addresses, port: port, password: password))
  }

  /// Calls the first rank.
  ///
  /// - Returns: The line; nil where there is no way.
  package static func call(_ end: End) -> Int32? {
    for address in end.addresses {
      let line = cmpi_connect(address, end.port, 1000)
      guard line >= 0 else { continue }
      var answer: UInt8 = 0
      let password = Array(end.password.utf8)
      if cmpi_say(line, password, Int32(password.count)) != 0, cmpi_hear(line, &answer, 1, 2000) != 0,
        answer == Self.answer
      {
        return line
      }
      close(line)
    }
    return nil
  }

  /// Who has called.
  package enum Caller: Equatable, Sendable {
    /// One who knows the password; the line.
    case known(Int32)
    /// One who does not, or has gone again.
    case stranger
    /// The system does not let the call in now: the process has as many files open as it may.
    case unheard
  }

  /// Takes a call.
  package static func take(_ listener: Int32, _ end: End) -> Caller {
    let line = cmpi_accept(listener)
    guard line >= 0 else {
      return [EAGAIN, EWOULDBLOCK, EINTR, ECONNABORTED, EPROTO].contains(errno) ? .stranger : .unheard
    }
    let password = Array(end.password.utf8)
    var said = [UInt8](repeating: 0, count: password.count)
    if cmpi_hear(line, &said, Int32(said.count), 500) != 0, said == password,
      cmpi_say(line, [answer], 1) != 0
    {
      return .known(line)
    }
    close(line)
    return .stranger
  }

  private static let answer: UInt8 = 1
}
