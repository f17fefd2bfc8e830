import Files
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

extension StopRequest {
  /// A request by SIGINT, SIGTERM or SIGHUP; a second signal ends the process at once, and takes with it what is
  /// half-written. A signal that the process was told to ignore at its start, as `nohup` does, stays so.
  ///
  /// To be called once, by the program itself.
  ///
  /// - Parameter isLaunched: Whether a launcher has started the process as one of several: SIGUSR1 asks, too. mpirun hands
  ///   that on, where it answers the others by killing all processes a second later.
  public static func ofProcess(isLaunched: Bool = false) -> StopRequest {
    let request = StopRequest()
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return request }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let reading = ends[0]
    arrivals.store(ends[1], ordering: .releasing)
    let watch = Thread { watchArrivals(reading, request) }
    watch.stackSize = 256 << 10
    watch.start()
    for signal in [SIGINT, SIGTERM, SIGHUP] + (isLaunched ? [SIGUSR1] : []) {
      var action = sigaction()
      // SIG_IGN is the number 1.
      guard sigaction(signal, nil, &action) == 0,
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != 1
      else { continue }
      action = sigaction()
      action.__sigaction_handler.sa_handler = { signal in
        // Only what a handler may do: a byte to the thread that waits for it.
        let code = errno
        var number = UInt8(truncatingIfNeeded: signal)
        _ = write(arrivals.load(ordering: .acquiring), &number, 1)
        errno = code
      }
      action.sa_flags = SA_RESTART
      sigaction(signal, &action, nil)
    }
    return request
  }

  private static func watchArrivals(_ reading: Int32, _ request: StopRequest) {
    var first: ContinuousClock.Instant?
    var number: UInt8 = 0
    while true {
      let count = read(reading, &number, 1)
      if count < 0 && errno == EINTR { continue }
      guard count == 1 else { return }
      if let first {
        // `timeout` and others send one signal to the process and again to its group.
        guard ContinuousClock.now - first > .milliseconds(100) else { continue }
        UnfinishedFiles.endProcess(status: 128 + Int32(number))
      }
      first = .now
      request.ask(by: Int32(number))
    }
  }
}

/// Where signals are noted as they come in.
private let arrivals = Atomic<Int32>(-1)
