import Checkpoints
import Files
import Foundation

/// A hook that remembers something: it goes into every checkpoint under the hook's name and comes back on resume.
public protocol StatefulHook: Hook {
  /// What a checkpoint holds of it, as JSON: numbers and names. Large arrays go into `tensors`.
  associatedtype State: Codable

  /// What is to be remembered now; nil for nothing.
  var state: State? { get }
  /// Takes up what `state` gave, before `beforeRun`. The trainer's `resumption` says from where the run goes on.
  mutating func restore(_ state: State, _ trainer: Trainer) throws

  /// Tensors to be remembered, such as averages of weights, under names of the hook's own; none unless it says otherwise.
  var tensors: [String: StoredTensor] { get }
  /// Takes up what `tensors` gave, after `restore(_:_:)`.
  mutating func restore(tensors: [String: StoredTensor], _ trainer: Trainer) throws
}

extension StatefulHook {
  /// None.
  public var tensors: [String: StoredTensor] { [:] }
  /// Does nothing unless a hook says otherwise.
  public mutating func restore(tensors: [String: StoredTensor], _ trainer: Trainer) throws {}

  /// What a checkpoint holds of it.
  var memory: HookMemory {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let json = try state.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
      return HookMemory(json: json, tensors: tensors)
    }
  }

  /// Takes up what a checkpoint holds of it; `file` is named in errors.
  ///
  /// - Throws: `CheckpointError` when that is not a state of this hook.
  mutating func restore(_ memory: HookMemory, _ trainer: Trainer, file: String) throws {
    if let json = memory.json {
      let state: State
      do { state = try JSONDecoder().decode(State.self, from: Data(json.utf8)) } catch {
        throw CheckpointError(
          file: file, "its state of the hook '\(name)' cannot be read: \(json.printed)")
      }
      try restore(state, trainer)
    }
    if !memory.tensors.isEmpty { try restore(tensors: memory.tensors, trainer) }
  }
}

/// What a checkpoint holds of one hook.
public struct HookMemory: Sendable, Equatable {
  /// Its state.
  public var json: String?
  /// Its tensors, under its own names.
  public var tensors: [String: StoredTensor]

  /// A state and tensors.
  public init(json: String? = nil, tensors: [String: StoredTensor] = [:]) {
    (self.json, self.tensors) = (json, tensors)
  }

  /// Whether there is nothing to be remembered.
  var isEmpty: Bool { json == nil && tensors.isEmpty }
}
