#define _GNU_SOURCE
#include "CMPI.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  // The same in both families: MPI_THREAD_FUNNELED, MPI_SUCCESS, MPI_ERR_OTHER.
  funneled = 1,
  success = 0,
  other_error = 15,
  // MPI_MAX_LIBRARY_VERSION_STRING and MPI_MAX_ERROR_STRING are 8192 at most.
  longest_text = 8192,
};

// The calls that take handles, for handles of one type.
#define CALLS(name, handle)                                                                                  \
  typedef struct {                                                                                           \
    int (*rank)(handle, int *);                                                                              \
    int (*size)(handle, int *);                                                                              \
    int (*set_handler)(handle, handle);                                                                      \
    int (*abort)(handle, int);                                                                               \
    int (*send)(const void *, int, handle, int, int, handle, handle *);                                      \
    int (*receive)(void *, int, handle, int, int, handle, handle *);                                         \
    int (*test)(handle *, int *, void *);                                                                    \
    handle world, byte, errors_return;                                                                       \
  } name

typedef void *pointer_handle;
CALLS(pointer_calls, pointer_handle);
CALLS(number_calls, int);

struct cmpi {
  int has_pointers;
  pointer_calls pointers;
  number_calls numbers;
  int (*init)(int *, char ***, int, int *);
  int (*finalize)(void);
  int (*library_version)(char *, int *);
  int (*error_string)(int, char *, int *);
};

// POSIX lets a symbol's address become a function's; ISO C wants that said in this way.
static int find(void *library, const char *symbol, void *function) {
  void *address = dlsym(library, symbol);
  memcpy(function, &address, sizeof address);
  return address != NULL;
}

static const char *find_calls(void *library, cmpi *mpi) {
#define FIND(symbol, place) \
  if (!find(library, symbol, &(place))) return symbol
#define FIND_ALL(calls)                                \
  do {                                                 \
    FIND("MPI_Comm_rank", (calls).rank);               \
    FIND("MPI_Comm_size", (calls).size);               \
    FIND("MPI_Comm_set_errhandler", (calls).set_handler); \
    FIND("MPI_Abort", (calls).abort);                  \
    FIND("MPI_Isend", (calls).send);                   \
    FIND("MPI_Irecv", (calls).receive);                \
    FIND("MPI_Test", (calls).test);                    \
  } while (0)
  FIND("MPI_Init_thread", mpi->init);
  FIND("MPI_Finalize", mpi->finalize);
  FIND("MPI_Get_library_version", mpi->library_version);
  FIND("MPI_Error_string", mpi->error_string);
  mpi->has_pointers = dlsym(library, "ompi_mpi_comm_world") != NULL;
  if (mpi->has_pointers) {
    FIND_ALL(mpi->pointers);
    FIND("ompi_mpi_comm_world", mpi->pointers.world);
    FIND("ompi_mpi_byte", mpi->pointers.byte);
    FIND("ompi_mpi_errors_return", mpi->pointers.errors_return);
  } else {
    FIND_ALL(mpi->numbers);
    // Of the ABI that MPICH, Intel MPI and MVAPICH share.
    mpi->numbers.world = 0x44000000;
    mpi->numbers.byte = 0x4c00010d;
    mpi->numbers.errors_return = 0x54000001;
  }
  return NULL;
}

cmpi *cmpi_open(const char *name, char *why, size_t room) {
  // Global, because the library's own plug-ins look for its symbols.
  void *library = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
  if (library == NULL) {
    const char *reason = dlerror();
    snprintf(why, room, "%s", reason != NULL ? reason : name);
    return NULL;
  }
  cmpi *mpi = calloc(1, sizeof *mpi);
  const char *missing = mpi == NULL ? "memory" : find_calls(library, mpi);
  if (missing == NULL) return mpi;
  snprintf(why, room, "%s: has no %s", name, missing);
  free(mpi);
  dlclose(library);
  return NULL;
}

int cmpi_is_open_mpi(const cmpi *mpi) { return mpi->has_pointers; }

#define START(calls)                                                          \
  do {                                                                        \
    code = (calls).set_handler((calls).world, (calls).errors_return);         \
    if (code == success) code = (calls).rank((calls).world, rank);            \
    if (code == success) code = (calls).size((calls).world, size);            \
  } while (0)

int cmpi_start(cmpi *mpi, int *rank, int *size) {
  // One TCP connection does not fill a link while large messages go both ways; what a user has set stays.
  if (mpi->has_pointers) setenv("OMPI_MCA_btl_tcp_links", "2", 0);
  int provided = 0;
  int code = mpi->init(NULL, NULL, funneled, &provided);
  if (code != success) return code;
  if (provided < funneled) return other_error;
  if (mpi->has_pointers) {
    START(mpi->pointers);
  } else {
    START(mpi->numbers);
  }
  return code;
}

int cmpi_finish(cmpi *mpi) { return mpi->finalize(); }

void cmpi_abort(cmpi *mpi, int status) {
  if (mpi->has_pointers) {
    mpi->pointers.abort(mpi->pointers.world, status);
  } else {
    mpi->numbers.abort(mpi->numbers.world, status);
  }
}

int cmpi_send(cmpi *mpi, const void *bytes, int count, int rank, int tag, cmpi_request *request) {
  if (mpi->has_pointers) {
    const pointer_calls *calls = &mpi->pointers;
    return calls->send(bytes, count, calls->byte, rank, tag, calls->world, &request->pointer);
  }
  const number_calls *calls = &mpi->numbers;
  return calls->send(bytes, count, calls->byte, rank, tag, calls->world, &request->number);
}

int cmpi_receive(cmpi *mpi, void *bytes, int count, int rank, int tag, cmpi_request *request) {
  if (mpi->has_pointers) {
    const pointer_calls *calls = &mpi->pointers;
    return calls->receive(bytes, count, calls->byte, rank, tag, calls->world, &request->pointer);
  }
  const number_calls *calls = &mpi->numbers;
  return calls->receive(bytes, count, calls->byte, rank, tag, calls->world, &request->number);
}

int cmpi_test(cmpi *mpi, cmpi_request *request, int *is_done) {
  // Larger than any library's status.
  long long status[32];
  return mpi->has_pointers ? mpi->pointers.test(&request->pointer, is_done, status)
                           : mpi->numbers.test(&request->number, is_done, status);
}

// The first line of what a library says.
static void copy_line(char *text, size_t room, const char *said, int length) {
  size_t count = length > 0 ? strnlen(said, (size_t)length) : 0;
  size_t line = count;
  for (size_t place = 0; place < line; place++) {
    if (said[place] == '\n') line = place;
  }
  snprintf(text, room, "%.*s", (int)line, said);
}

void cmpi_version(cmpi *mpi, char *text, size_t room) {
  char said[longest_text] = "";
  int length = 0;
  if (mpi->library_version(said, &length) != success) length = 0;
  copy_line(text, room, said, length);
}

void cmpi_explain(cmpi *mpi, int code, char *text, size_t room) {
  char said[longest_text] = "";
  int length = 0;
  if (mpi->error_string(code, said, &length) != success) length = 0;
  copy_line(text, room, said, length);
}
