/* Opens a pseudo-terminal and prints the path of its far end. Then copies standard input to the far
   end, and the far end's output to standard output. With the argument `lock` the far end is locked,
   as if another program had it open. */
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
  /* Kept open, so that the pseudo-terminal exists while no program has the far end open. */
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
