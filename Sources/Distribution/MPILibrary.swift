import CMPI

/// An MPI library that was opened at run time. All its calls are made by one thread.
struct MPILibrary {
  private let handle: OpaquePointer

  /// Opens the first of several libraries that can be opened.
  ///
  /// - Throws: `DistributionError` with the reasons.
  init(anyOf names: [String]) throws {
    var reasons: [String] = []
    for name in names {
      var reason = [CChar](repeating: 0, count: 1024)
      if let handle = cmpi_open(name, &reason, reason.count) {
        self.handle = handle
        return
      }
      reasons.append(Self.text(reason))
    }
    throw DistributionError(
      "a launcher has started this process as one of several, but no MPI library can be opened: "
        + reasons.joined(separator: "; ")
        + ". Install the one of the launcher (Debian: openmpi-bin), or name its file: "
        + "DENSE_MPI=/path/to/libmpi.so")
  }

  /// Whether it is Open MPI.
  var isOpenMPI: Bool { cmpi_is_open_mpi(handle) != 0 }

  /// Starts MPI.
  ///
  /// - Returns: Which rank this is, and of how many.
  /// - Throws: `DistributionError` with the library's reason.
  func start() throws -> (rank: Int, size: Int) {
    var rank: Int32 = 0
    var size: Int32 = 0
    try check(cmpi_start(handle, &rank, &size))
    return (Int(rank), Int(size))
  }

  /// Ends MPI on all ranks.
  func finish() { _ = cmpi_finish(handle) }

  /// Ends the processes of all ranks.
  func abort(status: Int32) { cmpi_abort(handle, status) }

  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int32) throws -> cmpi_request {
    var request = cmpi_request()
    try check(cmpi_send(handle, bytes.baseAddress, Int32(bytes.count), Int32(rank), tag, &request))
    return request
  }

  func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int32
  ) throws -> cmpi_request {
    var request = cmpi_request()
    try check(cmpi_receive(handle, bytes.baseAddress, Int32(bytes.count), Int32(rank), tag, &request))
    return request
  }

  /// Whether a message is done.
  func isDone(_ request: inout cmpi_request) throws -> Bool {
    var isDone: Int32 = 0
    try check(cmpi_test(handle, &request, &isDone))
    return isDone != 0
  }

  /// «Open MPI v4.1.4, package: …»
  var version: String {
    var text = [CChar](repeating: 0, count: 1024)
    cmpi_version(handle, &text, text.count)
    return Self.text(text).split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  private func check(_ code: Int32) throws {
    guard code != 0 else { return }
    var text = [CChar](repeating: 0, count: 1024)
    cmpi_explain(handle, code, &text, text.count)
    throw DistributionError("MPI: \(Self.text(text)) (\(version))")
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
