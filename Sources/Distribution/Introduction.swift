import Foundation

/// What ranks have to agree on before they work together, by name: «config», «data», «program», «step».
public struct Introduction: Codable, Sendable, Equatable {
  /// A fact each: a checksum or a number, in the order of the names.
  public var facts: [Fact]
  /// What keeps this rank from starting.
  public var failure: String?

  /// One of the facts.
  public struct Fact: Codable, Sendable, Equatable {
    /// What it is of.
    public var name: String
    /// A checksum or a number.
    public var value: String

    /// A fact.
    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  /// Facts, or a failure.
  public init(facts: [Fact] = [], failure: String? = nil) { (self.facts, self.failure) = (facts, failure) }

  /// Compares what all ranks say of themselves; each gets the same answer.
  ///
  /// - Parameters:
  ///   - all: By rank.
  ///   - name: How a rank is named.
  /// - Throws: `DistributionError` that says which ranks cannot start and why, or what differs between which.
  public static func compare(_ all: [Introduction], naming name: (Int) -> String) throws {
    let failures = grouped(all.map(\.failure)).filter { $0.value != nil }
    if let first = failures.first {
      // A mistake that all make is said as one process says it.
      guard failures.count > 1 || first.ranks.count < all.count else {
        throw DistributionError(first.value ?? "")
      }
      throw DistributionError(
        failures.map { "\($0.ranks.map(name).joined(separator: ", ")): \($0.value ?? "")" }
          .joined(separator: "\n"))
    }
    let names = all.first?.facts.map(\.name) ?? []
    let differences = names.compactMap { fact -> String? in
      let values = all.map { rank in rank.facts.first { $0.name == fact }?.value ?? "none" }
      let groups = grouped(values)
      guard groups.count > 1 else { return nil }
      return "\(fact): "
        + groups.map { "\($0.value) on \($0.ranks.map(name).joined(separator: ", "))" }.joined(
          separator: "; ")
    }
    guard differences.isEmpty else {
      throw DistributionError(
        "the ranks would not do the same:" + differences.map { "\n  \($0)" }.joined()
          + "\n  Give all of them the same config, data, checkpoint and program.")
    }
  }

  /// The ranks of each value, in the order in which values come up.
  private static func grouped<Value: Equatable>(_ values: [Value]) -> [(value: Value, ranks: [Int])] {
    var groups: [(value: Value, ranks: [Int])] = []
    for (rank, value) in values.enumerated() {
      if let index = groups.firstIndex(where: { $0.value == value }) {
        groups[index].ranks.append(rank)
      } else {
        groups.append((value, [rank]))
      }
    }
    return groups
  }
}

extension Communicator {
  /// Says what this rank is about to do, and compares it with what all others are: the first thing that ranks do
  /// together.
  ///
  /// - Throws: `SharedFailure` of what `Introduction.compare` throws, on all ranks; `DistributionError` that names a rank
  ///   which does not answer.
  public func introduce(_ own: Introduction) throws {
    guard size > 1 else { return }
    let all = try gather(Array(JSONEncoder().encode(own))).enumerated().map { rank, bytes in
      guard let other = try? JSONDecoder().decode(Introduction.self, from: Data(bytes)) else {
        throw DistributionError(
          "\(name(of: rank)) says nothing that this program understands: is it another one?")
      }
      return other
    }
    do { try Introduction.compare(all, naming: name(of:)) } catch { throw SharedFailure(reason: error) }
  }
}

extension Communicator {
  /// Prepares something on every rank by `body`, and goes on only where all have done so and are about to do the same:
  /// `facts` are what they have to agree on.
  ///
  /// - Throws: In one process what `body` throws. With several: `SharedFailure` of what keeps some from going on, on all
  ///   of them; what `body` throws where the others are not as far yet.
  public func agreeing<Prepared>(
    on facts: (Prepared) throws -> [Introduction.Fact] = { _ in [] }, _ body: () throws -> Prepared
  ) throws -> Prepared {
    guard size > 1 else { return try body() }
    let prepared: Prepared
    do { prepared = try body() } catch {
      // Others that fail alike are here at once, and who is busy needs not be waited for.
      setTimeout(seconds: 1)
      do { try introduce(Introduction(failure: "\(error)")) } catch let shared as SharedFailure {
        // As it is, with its place, where all have met the same.
        throw "\(shared.reason)" == "\(error)" ? SharedFailure(reason: error) : shared
      } catch {}
      throw error
    }
    try introduce(Introduction(facts: try facts(prepared)))
    return prepared
  }
}

extension Communicator {
  /// How an error that all ranks have met ends them: one says it for all.
  public func shared(_ error: any Error) -> any Error { size > 1 ? SharedFailure(reason: error) : error }
}

/// What all ranks have found out together: each ends by itself, and one says it for all.
public struct SharedFailure: Error, CustomStringConvertible {
  /// What it is.
  public let reason: any Error
  /// As the reason says it.
  public var description: String { "\(reason)" }

  /// A failure for this reason.
  public init(reason: any Error) { self.reason = reason }
}
