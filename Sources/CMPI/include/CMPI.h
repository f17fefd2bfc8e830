// MPI's few calls, opened at run time: nothing of an MPI library is needed to build, and nothing is linked.
//
// Open MPI's handles are pointers to objects that the library exports; those of MPICH and its kin (Intel MPI, MVAPICH)
// are integers of a fixed ABI. Which of the two a library is, its symbols say. All calls are to be made by one thread.
#ifndef CMPI_H
#define CMPI_H

#include <stddef.h>

// A library that is open. It is never closed: MPI cannot be started twice.
typedef struct cmpi cmpi;

// A message under way. It may be moved while it is.
typedef union {
  void *pointer;
  int number;
} cmpi_request;

// Opens a library by the name that the dynamic linker knows it by.
//
// Returns NULL and the reason in `why` when it cannot be opened or is no MPI library.
cmpi *cmpi_open(const char *name, char *why, size_t room);

// Whether handles are pointers, as Open MPI's.
int cmpi_is_open_mpi(const cmpi *mpi);

// Starts MPI for calls by one thread, and has errors returned instead of ending the program.
//
// Returns 0, or MPI's error code, as all calls below.
int cmpi_start(cmpi *mpi, int *rank, int *size);

// Ends MPI, together with all ranks.
int cmpi_finish(cmpi *mpi);

// Ends all ranks at once; may return, or not.
void cmpi_abort(cmpi *mpi, int status);

// Begins to send `count` bytes, which stay where they are until the message is done.
int cmpi_send(cmpi *mpi, const void *bytes, int count, int rank, int tag, cmpi_request *request);

// Begins to receive exactly `count` bytes.
int cmpi_receive(cmpi *mpi, void *bytes, int count, int rank, int tag, cmpi_request *request);

// Whether a message is done; a message that is done must not be asked again.
int cmpi_test(cmpi *mpi, cmpi_request *request, int *is_done);

// The library's name and version, one line.
void cmpi_version(cmpi *mpi, char *text, size_t room);

// What an error code means.
void cmpi_explain(cmpi *mpi, int code, char *text, size_t room);

// The cores that ranks of one machine share out: which of them a thread may use (0 is the calling one), and from now on
// it and those that it starts. Both return 0, or 1 where the system refuses.
enum { CMPI_CORES = 1024 };
int cmpi_get_cores(int thread, unsigned char *is_allowed);
int cmpi_set_cores(int thread, const unsigned char *is_allowed);

// A file that can be read as soon as a process has ended: CMPI_GONE where it has already, CMPI_UNWATCHED where the system
// does not offer it. It is closed when the calling process starts another program.
enum { CMPI_GONE = -1, CMPI_UNWATCHED = -2 };
int cmpi_watch(int process);

// Lines between machines by TCP, none of which blocks: a listener at a port that the system chooses; the addresses of this
// machine, with blanks between; a line to another one. All three end with the process; -1 where there is none.
int cmpi_listen(unsigned short *port);
void cmpi_addresses(char *text, size_t room);
int cmpi_connect(const char *address, unsigned short port, int milliseconds);
int cmpi_accept(int listener);

// Say and hear a few bytes at once; 0 where that fails.
int cmpi_say(int line, const void *bytes, int count);
int cmpi_hear(int line, void *bytes, int count, int milliseconds);

#endif
