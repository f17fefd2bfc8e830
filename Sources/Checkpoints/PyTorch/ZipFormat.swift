import Files

extension PyTorchFile {
  /// Reads the zip format (PyTorch 1.6 and later): `NAME/data.pkl`, `NAME/data/KEY`, `NAME/byteorder`.
  ///
  /// - Throws: `CheckpointError`, also for a TorchScript archive and any other zip.
  init(zip source: ByteSource) throws {
    let archive = try ZipArchive(source)
    let names = archive.entries.keys
    let pickles = names.filter { $0.hasSuffix("/data.pkl") && $0.split(separator: "/").count == 2 }
    if names.contains(where: { $0.hasSuffix("/constants.pkl") || $0.contains("/code/") }) {
      throw source.failure(
        "is a TorchScript archive (torch.jit.save), which holds code: save torch.jit.load(FILE).state_dict() instead"
      )
    }
    guard pickles.count == 1, let name = pickles.first, let pickle = archive.entries[name] else {
      let shown = names.sorted().prefix(3).map { "'\($0.printed)'" }.joined(separator: ", ")
      throw source.failure(
        pickles.isEmpty
          ? "is a zip archive, but not one of torch.save: it has no NAME/data.pkl, but \(shown.isEmpty ? "nothing" : shown). If a checkpoint is packed in it, unpack it first"
          : "is a zip archive with \(pickles.count) pickles")
    }
    let folder = String(name.dropLast("data.pkl".count))
    let stream = try archive.stream(of: pickle)
    let origin = stream.position
    var machine = Unpickler(stream)
    let root = try machine.run()
    guard machine.stream.remaining == 0 else {
      throw source.failure(
        "byte \(machine.stream.position - origin) of the pickle: \(machine.stream.remaining) bytes after STOP"
      )
    }
    var isBigEndian = false
    if let entry = archive.entries[folder + "byteorder"] {
      guard entry.size <= 16 else { throw source.failure("its byte order has \(entry.size) bytes") }
      switch String(decoding: try archive.bytes(of: entry), as: UTF8.self) {
      case "little": break
      case "big": isBigEndian = true
      case let order: throw source.failure("its byte order is '\(order.printed)', neither 'little' nor 'big'")
      }
    }
    var storages: [String: ZipArchive.Entry] = [:]
    for (name, entry) in archive.entries where name.hasPrefix(folder + "data/") {
      guard !entry.isDeflated else {
        throw source.failure(
          "entry '\(name.printed)' is compressed, which torch.save never does: unpack the archive, and pack it stored"
        )
      }
      storages[String(name.dropFirst(folder.count + "data/".count))] = entry
    }
    try self.init(
      source, format: .zip, graph: machine.graph, root: root, isBigEndian: isBigEndian,
      sizes: storages.mapValues(\.size)
    ) { keys in
      guard let file = source.mapping, !isBigEndian else { return nil }
      let entries = keys.compactMap { storages[$0] }
      guard entries.count == keys.count else { return nil }
      try archive.check(entries, in: file)
      return (file, entries.map(\.data))
    } bytes: { key in
      guard let entry = storages[key] else { throw source.failure("storage '\(key.printed)' is missing") }
      return try archive.bytes(of: entry)
    }
  }
}
