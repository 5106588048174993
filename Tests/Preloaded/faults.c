// A library for LD_PRELOAD that makes chosen system calls on the files below one folder go wrong.
//
// Tests build it with `cc -shared -fPIC` (it is no target of the package) and count calls with it,
// then end the process, fail the call or raise a signal at each of them in turn. Environment:
//
//   BDA_FAULT_FOLDER   calls on files below this absolute path count
//   BDA_FAULT_LOG      a file that gets one line "NAME PATH" before each call
//   BDA_FAULT_CALL     the number of the call, from 1, at which something happens
//   BDA_FAULT_ACTION   before, after: SIGKILL then; half: SIGKILL when half of the bytes are written;
//                      errno:N: the call and all later ones of the same name fail with that number;
//                      once:N: the call alone does;
//                      short: half of the bytes are written, and that is said (writes);
//                      signal:N: that signal before the call
//   BDA_FAULT_LOCKS    none: no file can be locked, as on some network file systems
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *folder, *action;
static size_t length;
static int recorder = -1;
static long wanted;
static const char *failing;
static atomic_long calls;

__attribute__((constructor)) static void prepare(void) {
  folder = getenv("BDA_FAULT_FOLDER");
  length = folder ? strlen(folder) : 0;
  action = getenv("BDA_FAULT_ACTION");
  const char *number = getenv("BDA_FAULT_CALL");
  wanted = number ? atol(number) : 0;
  const char *log = getenv("BDA_FAULT_LOG");
  if (log) {
    recorder = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
}

static int counts(const char *path) {
  return length > 0 && path && strncmp(path, folder, length) == 0 &&
         (path[length] == '/' || path[length] == 0);
}

// The path of an open file, for calls that take a descriptor.
static const char *path_of(int descriptor, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  long count = syscall(SYS_readlinkat, AT_FDCWD, link, buffer, PATH_MAX - 1);
  if (count < 0) return NULL;
  buffer[count] = 0;
  return buffer;
}

static void stop(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static int is(const char *word) { return action && strcmp(action, word) == 0; }
static int starts(const char *word) { return action && strncmp(action, word, strlen(word)) == 0; }

// Whether this is the call at which something happens; what happens before it has happened.
static int reached(const char *name, const char *path) {
  if (!counts(path)) return 0;
  if (recorder >= 0) {
    char line[PATH_MAX + 32];
    int count = snprintf(line, sizeof line, "%s %s\n", name, path);
    syscall(SYS_write, recorder, line, count);
  }
  if (atomic_fetch_add(&calls, 1) + 1 != wanted) return 0;
  if (is("before")) stop();
  if (starts("signal:")) kill(getpid(), atoi(action + 7));
  if (starts("errno:") || starts("once:")) failing = name;
  return 1;
}

// Whether the call has to fail: a disk that is full stays full.
static int fails(const char *name, const char *path) {
  if (!failing || strcmp(failing, name) != 0 || !counts(path)) return 0;
  errno = atoi(strchr(action, ':') + 1);
  if (starts("once:")) failing = NULL;
  return 1;
}

static void finish(int hit) {
  int number = errno;
  if (hit && is("after")) stop();
  errno = number;
}

#define REAL(type, name, ...)                                   \
  static type (*real)(__VA_ARGS__);                             \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int opened(int (*real)(const char *, int, ...), const char *path, int flags, int mode) {
  // Reading changes nothing on the disk.
  int writes = (flags & (O_ACCMODE | O_CREAT)) != O_RDONLY;
  int hit = writes ? reached("open", path) : 0;
  if (writes && fails("open", path)) return -1;
  int result = real(path, flags, mode);
  finish(hit);
  return result;
}

#define OPEN(name)                                              \
  int name(const char *path, int flags, ...) {                  \
    va_list list;                                               \
    va_start(list, flags);                                      \
    int mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, int) : 0; \
    va_end(list);                                               \
    static int (*real)(const char *, int, ...);                 \
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
    return opened(real, path, flags, mode);                     \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int descriptor, const void *bytes, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  char buffer[PATH_MAX];
  const char *path = length > 0 && descriptor > 2 ? path_of(descriptor, buffer) : NULL;
  int hit = reached("write", path);
  if (fails("write", path)) return -1;
  if (hit && is("half")) {
    real(descriptor, bytes, count / 2);
    stop();
  }
  ssize_t result = real(descriptor, bytes, hit && is("short") ? (count + 1) / 2 : count);
  finish(hit);
  return result;
}

int fsync(int descriptor) {
  REAL(int, "fsync", int);
  char buffer[PATH_MAX];
  const char *path = path_of(descriptor, buffer);
  int hit = reached("fsync", path);
  if (fails("fsync", path)) return -1;
  int result = real(descriptor);
  finish(hit);
  return result;
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  int hit = reached("rename", to);
  if (fails("rename", to)) return -1;
  int result = real(from, to);
  finish(hit);
  return result;
}

int link(const char *from, const char *to) {
  REAL(int, "link", const char *, const char *);
  int hit = reached("link", to);
  if (fails("link", to)) return -1;
  int result = real(from, to);
  finish(hit);
  return result;
}

int unlink(const char *path) {
  REAL(int, "unlink", const char *);
  int hit = reached("unlink", path);
  if (fails("unlink", path)) return -1;
  int result = real(path);
  finish(hit);
  return result;
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  // Folders on the way are asked for whether they are there or not.
  if (access(path, F_OK) == 0) return real(path, mode);
  int hit = reached("mkdir", path);
  if (fails("mkdir", path)) return -1;
  int result = real(path, mode);
  finish(hit);
  return result;
}

int flock(int descriptor, int operation) {
  REAL(int, "flock", int, int);
  const char *locks = getenv("BDA_FAULT_LOCKS");
  if (!locks || strcmp(locks, "none") != 0) return real(descriptor, operation);
  errno = ENOLCK;
  return -1;
}
