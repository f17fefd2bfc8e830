#define _GNU_SOURCE
#include <sched.h>

#include "CMPI.h"

_Static_assert(CMPI_CORES == CPU_SETSIZE, "as many cores as the system's sets have");

int cmpi_get_cores(int thread, unsigned char *is_allowed) {
  cpu_set_t set;
  if (sched_getaffinity(thread, sizeof set, &set) != 0) return 1;
  for (int core = 0; core < CMPI_CORES; core++) is_allowed[core] = CPU_ISSET(core, &set) != 0;
  return 0;
}

int cmpi_set_cores(int thread, const unsigned char *is_allowed) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int core = 0; core < CMPI_CORES; core++) {
    if (is_allowed[core]) CPU_SET(core, &set);
  }
  return sched_setaffinity(thread, sizeof set, &set) != 0;
}
