import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The files that this process has under way, such as those under hidden names: who ends it at once takes them along.
package enum UnfinishedFiles {
  private static let paths = Mutex<Set<String>>([])

  /// A file is begun.
  package static func begin(_ path: String) { paths.withLock { _ = $0.insert(path) } }

  /// It has its place, or is gone.
  package static func end(_ path: String) { paths.withLock { _ = $0.remove(path) } }

  /// Ends the process at once, whatever it does: nothing half-written stays, and none is begun meanwhile.
  package static func endProcess(status: Int32) -> Never {
    paths.withLock {
      for path in $0 { unlink(path) }
      _exit(status)
    }
  }
}
