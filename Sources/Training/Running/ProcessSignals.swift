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
  /// - Parameters:
  ///   - isLaunched: Whether a launcher has started the process as one of several: SIGUSR1 asks, too. mpirun hands that on,
  ///     where it answers the others by killing all processes a second later.
  ///   - patience: Seconds between the launcher's own SIGTERM and its SIGKILL: a process that has not come to its end
  ///     shortly before that ends at once, since it may be waiting for one that is gone.
  public static func ofProcess(isLaunched: Bool = false, patience: Double? = nil) -> StopRequest {
    let request = StopRequest()
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return request }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let reading = ends[0]
    arrivals.store(ends[1], ordering: .releasing)
    let watch = Thread { watchArrivals(reading, request, patience: patience) }
    watch.stackSize = 256 << 10
    watch.start()
    for signal in [SIGINT, SIGTERM, SIGHUP] + (isLaunched ? [SIGUSR1] : []) {
      var action = sigaction()
      // SIG_IGN is the number 1.
      guard sigaction(signal, nil, &action) == 0,
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != 1
      else { continue }
      action = sigaction()
      action.__sigaction_handler.sa_sigaction = { signal, facts, _ in
        // Only what a handler may do: a byte to the thread that waits for it.
        let code = errno
        let isLaunchers = facts?.pointee._sifields._kill.si_pid == getppid()
        var number = UInt8(truncatingIfNeeded: signal) | (isLaunchers ? launchersMark : 0)
        _ = write(arrivals.load(ordering: .acquiring), &number, 1)
        errno = code
      }
      action.sa_flags = SA_RESTART | SA_SIGINFO
      sigaction(signal, &action, nil)
    }
    return request
  }

  private static func watchArrivals(_ reading: Int32, _ request: StopRequest, patience: Double?) {
    var first: ContinuousClock.Instant?
    var number: UInt8 = 0
    // Milliseconds, of which there is no end unless the launcher has sent a SIGTERM.
    var wait: Int32 = -1
    while true {
      var awaited = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
      let ready = poll(&awaited, 1, wait)
      if ready < 0 && errno == EINTR { continue }
      if ready == 0 { UnfinishedFiles.endProcess(status: 128 + SIGTERM) }
      guard read(reading, &number, 1) == 1 else { return }
      let isLaunchers = number & launchersMark != 0
      number &= ~launchersMark
      if isLaunchers, Int32(number) == SIGTERM, let patience {
        wait = Int32(max(0, min(86_400, patience) * 1000 - 400))
      }
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

/// Of a signal that the process which has started this one has sent.
private let launchersMark: UInt8 = 0x80
