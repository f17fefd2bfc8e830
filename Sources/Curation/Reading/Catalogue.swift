/// The pictures of a data set with what they hold: what splits and samples choose among.
public struct Catalogue: Sendable {
  /// One picture.
  public struct Entry: Sendable {
    /// Its file, below the folder of the pictures.
    public var name: String
    /// Pictures of one group are never parted; nil: it has none but its name's.
    public var group: String?
    /// What its file holds: pictures of one content are never parted; nil: nobody looked.
    public var content: String?
    /// How many objects of each class it holds, by the class's place; none where there are none.
    public var counts: [Int: Int]

    /// A picture, its group and its objects by class.
    public init(name: String, group: String? = nil, counts: [Int: Int] = [:]) {
      (self.name, self.group, self.counts) = (name, group, counts)
    }
  }

  /// What the classes' numbers count.
  public enum Counted: String, Sendable, Encodable {
    /// Objects of an annotation file.
    case objects
    /// Pictures with the class: in their label map, or as a whole.
    case images
  }

  /// The classes, in their order; none where they are not known.
  public var classes: [String]
  /// The pictures, in the order of the files.
  public var entries: [Entry]
  /// What `counts` counts.
  public var counted: Counted

  /// Classes and pictures.
  public init(classes: [String], entries: [Entry], counted: Counted) {
    (self.classes, self.entries, self.counted) = (classes, entries, counted)
  }

  /// Pictures that stay together, by their places: those of a group, of one content, and of one name.
  func units() -> [Unit] {
    var sets = DisjointSets(entries.count)
    var groups: [String: Int] = [:]
    var names: [String: Int] = [:]
    var contents: [String: Int] = [:]
    for (place, entry) in entries.enumerated() {
      if let group = entry.group { sets.join(place, groups[group, default: place]) }
      if let group = entry.group, groups[group] == nil { groups[group] = place }
      if let content = entry.content {
        sets.join(place, contents[content, default: place])
        if contents[content] == nil { contents[content] = place }
      }
      sets.join(place, names[entry.name, default: place])
      if names[entry.name] == nil { names[entry.name] = place }
    }
    let members = Dictionary(grouping: entries.indices) { sets.root(of: $0) }
    // By their names, so that the order of a file has no part in what becomes of them.
    return members.values.map { places in
      Unit(places.sorted { (entries[$0].name, $0) < (entries[$1].name, $1) }, of: self)
    }.sorted { ($0.key, $0.members[0]) < ($1.key, $1.members[0]) }
  }

  /// Pictures that stay together.
  struct Unit {
    /// Their places.
    let members: [Int]
    /// The first of their names.
    let key: String
    /// Their group, for messages.
    let name: String
    /// Their objects of each class.
    let counts: [Int: Int]

    init(_ members: [Int], of catalogue: Catalogue) {
      self.members = members
      key = members.first.map { catalogue.entries[$0].name } ?? ""
      name = members.first.map { catalogue.entries[$0].group ?? catalogue.entries[$0].name } ?? ""
      counts = members.reduce(into: [:]) { $0.merge(catalogue.entries[$1].counts, uniquingKeysWith: +) }
    }
  }
}

/// Sets that grow together (Tarjan's union-find).
private struct DisjointSets {
  private var parents: [Int]

  init(_ count: Int) { parents = Array(0..<count) }

  mutating func root(of element: Int) -> Int {
    var root = element
    while parents[root] != root { root = parents[root] }
    var element = element
    while parents[element] != root { (parents[element], element) = (root, parents[element]) }
    return root
  }

  mutating func join(_ one: Int, _ other: Int) {
    let (one, other) = (root(of: one), root(of: other))
    parents[max(one, other)] = min(one, other)
  }
}
