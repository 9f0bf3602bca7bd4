/* A pseudo-terminal as a wire: prints the name of its far end on a line, then carries standard input
   there and what comes back to standard output, byte for byte. `lock` as the argument: the far end is
   locked, as by another program that has it open. Must not know what goes over it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

static int carry(int from, int to) {
  char bytes[4096];
  ssize_t count = read(from, bytes, sizeof bytes);
  if (count <= 0) return 0;
  for (ssize_t done = 0; done < count;) {
    ssize_t now = write(to, bytes + done, (size_t)(count - done));
    if (now <= 0) return 0;
    done += now;
  }
  return 1;
}

int main(int argc, char **argv) {
  int near = posix_openpt(O_RDWR | O_NOCTTY);
  if (near < 0 || grantpt(near) != 0 || unlockpt(near) != 0) return 1;
  /* Held open, so that the wire outlives those who use it. */
  int far = open(ptsname(near), O_RDWR | O_NOCTTY);
  struct termios raw;
  if (far < 0 || tcgetattr(far, &raw) != 0) return 1;
  cfmakeraw(&raw);
  if (tcsetattr(far, TCSANOW, &raw) != 0) return 1;
  if (argc > 1 && strcmp(argv[1], "lock") == 0 && flock(far, LOCK_EX) != 0) return 1;
  printf("%s\n", ptsname(near));
  if (fflush(stdout) != 0) return 1;
  struct pollfd ends[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = near, .events = POLLIN}};
  while (poll(ends, 2, -1) > 0) {
    if (ends[0].revents != 0 && !carry(STDIN_FILENO, near)) return 0;
    if (ends[1].revents != 0 && !carry(near, STDOUT_FILENO)) return 0;
  }
  return 1;
}
