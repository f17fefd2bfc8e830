#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "CMPI.h"

int cmpi_watch(int process) {
#ifdef SYS_pidfd_open
  int file = (int)syscall(SYS_pidfd_open, process, 0);
  if (file >= 0) return file;
  return errno == ESRCH ? CMPI_GONE : CMPI_UNWATCHED;
#else
  (void)process;
  return CMPI_UNWATCHED;
#endif
}
