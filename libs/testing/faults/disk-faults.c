/*
 * Makes a disk bad at command, for one process: preloaded, it looks into a file before each sync.
 * "freeze": the sync stands still until the file says otherwise. "error": it returns an I/O error. "slow": it takes 300 ms longer. Else: as it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char fault(void) {
  const char *path = getenv("DISK_FAULT_FILE");
  char first = 0;
  if (path == NULL) return 0;
  int fd = open(path, O_RDONLY);
  if (fd < 0) return 0;
  if (read(fd, &first, 1) != 1) first = 0;
  close(fd);
  return first;
}

static int meets(int (*sync)(int), int fd) {
  for (char now = fault(); now != 0; now = fault()) {
    if (now == 'f') usleep(5000); /* freeze */
    else if (now == 'e') { errno = EIO; return -1; }
    else { if (now == 's') usleep(300000); break; }
  }
  return sync(fd);
}

int fsync(int fd) { return meets((int (*)(int))dlsym(RTLD_NEXT, "fsync"), fd); }
int fdatasync(int fd) { return meets((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"), fd); }
