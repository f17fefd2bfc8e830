#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "CMPI.h"

int cmpi_listen(unsigned short *port) {
  int line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (line < 0) return -1;
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  if (bind(line, (struct sockaddr *)&address, size) != 0 || listen(line, 1024) != 0 ||
      getsockname(line, (struct sockaddr *)&address, &size) != 0) {
    close(line);
    return -1;
  }
  *port = ntohs(address.sin_port);
  return line;
}

void cmpi_addresses(char *text, size_t room) {
  if (room == 0) return;
  text[0] = 0;
  struct ifaddrs *all = NULL;
  if (getifaddrs(&all) != 0) return;
  for (struct ifaddrs *one = all; one != NULL; one = one->ifa_next) {
    if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    char name[INET_ADDRSTRLEN];
    struct sockaddr_in address;
    memcpy(&address, one->ifa_addr, sizeof address);
    if (inet_ntop(AF_INET, &address.sin_addr, name, sizeof name) == NULL) continue;
    if (strlen(text) + strlen(name) + 2 > room) break;
    if (text[0] != 0) strcat(text, " ");
    strcat(text, name);
  }
  freeifaddrs(all);
}

int cmpi_connect(const char *name, unsigned short port, int milliseconds) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, name, &address.sin_addr) != 1) return -1;
  int line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (line < 0) return -1;
  struct pollfd ready = {.fd = line, .events = POLLOUT};
  int error = 0;
  socklen_t size = sizeof error;
  if (connect(line, (struct sockaddr *)&address, sizeof address) == 0 ||
      (poll(&ready, 1, milliseconds) == 1 && getsockopt(line, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
       error == 0)) {
    return line;
  }
  close(line);
  return -1;
}

int cmpi_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int cmpi_say(int line, const void *bytes, int count) {
  return send(line, bytes, (size_t)count, MSG_NOSIGNAL) == count;
}

int cmpi_hear(int line, void *bytes, int count, int milliseconds) {
  struct pollfd ready = {.fd = line, .events = POLLIN};
  return poll(&ready, 1, milliseconds) == 1 && recv(line, bytes, (size_t)count, 0) == count;
}
