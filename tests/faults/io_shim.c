/* A preloaded library that makes the disk fail under one folder: the k-th call that changes something fails, or kills
 * the process, or the disk is dead from then on; and a power loss takes what was not fsynced. The test's own process
 * opens the library once more by its path (the loader gives the same one) to arm it, or the environment does.
 *
 * What counts: open with O_CREAT, write, fsync, fdatasync, rename, mkdir, unlink, unlinkat, rmdir, ftruncate; with
 * READS also any other open, read, opendir and readdir. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum {
  OFF = 0,
  FAIL_ONCE = 1,
  DEAD = 2,
  TORN = 3,
  KILL = 4,
  HANG = 5
}; /* TORN: half of that write arrives, then DEAD */
enum { IGNORE_FILE_SYNC = 1, IGNORE_FOLDER_SYNC = 2, READS = 4 };
enum { GO = 0, REFUSE = 1, HALF = 2 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* One or several, with a colon between them. */
static char folder[4 * PATH_MAX];
static size_t folder_length;
static int mode, error_number, flags;
static long at, count;
/* The counted calls, one a line: name, space, path. */
static char trace[1 << 20];
static size_t traced;

/* Files with data that no fsync has made durable: a second descriptor, and the length that would survive. */
static struct {
  dev_t device;
  ino_t inode;
  int fd;
  off_t durable;
} files[64];
/* Renames whose folder has not been fsynced: how to undo them. */
static struct {
  char from[PATH_MAX], to[PATH_MAX];
  int replaced;
} renames[64];
static int file_count, rename_count;

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int is_under(const char* path) {
  if (!folder_length || !path) return 0;
  for (const char* one = folder; *one;) {
    const size_t length = strcspn(one, ":");
    if (!strncmp(path, one, length) && (path[length] == '/' || !path[length])) return 1;
    one += length + (one[length] == ':');
  }
  return 0;
}

static int path_of(int fd, char* path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = fd == AT_FDCWD ? -1 : readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
  return length >= 0;
}

/* One counted call: what is to happen to it. The mutex is held. */
static int decide(const char* call, const char* path) {
  const int is_write = !strcmp(call, "write");
  count++;
  if (traced < sizeof trace - PATH_MAX - 64) traced += sprintf(trace + traced, "%s %.*s\n", call, PATH_MAX, path);
  if (mode == OFF || count < at || (mode == FAIL_ONCE && count > at)) return GO;
  if (mode == KILL) raise(SIGKILL);
  while (mode == HANG) pause(); /* as on a file server that is gone: all later calls wait for the mutex */
  errno = error_number;
  return mode == TORN && count == at && is_write ? HALF : REFUSE;
}

#define COUNTED(condition, path, call)               \
  do {                                               \
    if (!(condition)) return call;                   \
    pthread_mutex_lock(&mutex);                      \
    __typeof__(call) result = -1;                    \
    if (decide(__func__, path) == GO) result = call; \
    int saved = errno;                               \
    pthread_mutex_unlock(&mutex);                    \
    errno = saved;                                   \
    return result;                                   \
  } while (0)

static void remember_file(int fd) {
  struct stat info;
  if (fstat(fd, &info) || !S_ISREG(info.st_mode)) return;
  for (int i = 0; i < file_count; i++)
    if (files[i].device == info.st_dev && files[i].inode == info.st_ino) return;
  if (file_count == 64) return;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  REAL(open64);
  int own = real(link, O_RDWR | O_CLOEXEC);
  if (own < 0) return;
  files[file_count].device = info.st_dev;
  files[file_count].inode = info.st_ino;
  files[file_count].durable = info.st_size;
  files[file_count++].fd = own;
}

static void forget_file(const struct stat* info) {
  for (int i = 0; i < file_count; i++) {
    if (files[i].device != info->st_dev || files[i].inode != info->st_ino) continue;
    close(files[i].fd);
    files[i] = files[--file_count];
    return;
  }
}

static void remember_rename(const char* from, const char* to) {
  if (rename_count == 64) return;
  REAL(open64);
  struct stat info;
  renames[rename_count].replaced = !stat(to, &info) && S_ISREG(info.st_mode) ? real(to, O_RDONLY | O_CLOEXEC) : -1;
  snprintf(renames[rename_count].from, PATH_MAX, "%s", from);
  snprintf(renames[rename_count++].to, PATH_MAX, "%s", to);
}

static void forget_renames(const char* parent) {
  int kept = 0;
  size_t length = strlen(parent);
  for (int i = 0; i < rename_count; i++) {
    const char* to = renames[i].to;
    if (!strncmp(to, parent, length) && to[length] == '/' && !strchr(to + length + 1, '/')) {
      if (renames[i].replaced >= 0) close(renames[i].replaced);
    } else if (kept++ != i) {
      renames[kept - 1] = renames[i];
    }
  }
  rename_count = kept;
}

static int do_sync(int fd, int (*real)(int)) {
  char path[PATH_MAX];
  if (!path_of(fd, path) || !is_under(path)) return real(fd);
  pthread_mutex_lock(&mutex);
  int result = -1;
  if (decide("fsync", path) == GO) {
    struct stat info;
    fstat(fd, &info);
    result = real(fd);
    if (S_ISDIR(info.st_mode) && !(flags & IGNORE_FOLDER_SYNC)) forget_renames(path);
    if (S_ISREG(info.st_mode) && !(flags & IGNORE_FILE_SYNC)) forget_file(&info);
  }
  int saved = errno;
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return result;
}

int fsync(int fd) {
  REAL(fsync);
  return do_sync(fd, real);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return do_sync(fd, real);
}

ssize_t write(int fd, const void* data, size_t size) {
  REAL(write);
  char path[PATH_MAX];
  if (!path_of(fd, path) || !is_under(path)) return real(fd, data, size);
  pthread_mutex_lock(&mutex);
  ssize_t result = -1;
  int what = decide("write", path);
  if (what != REFUSE) remember_file(fd);
  if (what == GO) result = real(fd, data, size);
  if (what == HALF) {
    real(fd, data, size / 2);
    errno = error_number;
  }
  int saved = errno;
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return result;
}

int rename(const char* from, const char* to) {
  REAL(rename);
  if (!is_under(to)) return real(from, to);
  pthread_mutex_lock(&mutex);
  int result = -1;
  if (decide("rename", to) == GO) {
    remember_rename(from, to);
    result = real(from, to);
    if (result) rename_count--;
  }
  int saved = errno;
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return result;
}

int open64(const char* path, int how, ...) {
  REAL(open64);
  va_list list;
  va_start(list, how);
  mode_t permissions = how & O_CREAT ? va_arg(list, mode_t) : 0;
  va_end(list);
  COUNTED(is_under(path) && (how & O_CREAT || flags & READS), path, real(path, how, permissions));
}

ssize_t read(int fd, void* data, size_t size) {
  REAL(read);
  char path[PATH_MAX];
  COUNTED(flags & READS && path_of(fd, path) && is_under(path), path, real(fd, data, size));
}
DIR* opendir(const char* path) {
  REAL(opendir);
  if (!(flags & READS) || !is_under(path)) return real(path);
  pthread_mutex_lock(&mutex);
  DIR* result = decide("opendir", path) == GO ? real(path) : NULL;
  int saved = errno;
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return result;
}
struct dirent64* readdir64(DIR* folder_read) {
  REAL(readdir64);
  char path[PATH_MAX];
  if (!(flags & READS) || !path_of(dirfd(folder_read), path) || !is_under(path)) return real(folder_read);
  pthread_mutex_lock(&mutex);
  errno = 0;
  struct dirent64* result = decide("readdir", path) == GO ? real(folder_read) : NULL;
  int saved = errno;
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return result;
}

int mkdir(const char* path, mode_t permissions) {
  REAL(mkdir);
  COUNTED(is_under(path), path, real(path, permissions));
}
int unlink(const char* path) {
  REAL(unlink);
  COUNTED(is_under(path), path, real(path));
}
int rmdir(const char* path) {
  REAL(rmdir);
  COUNTED(is_under(path), path, real(path));
}
int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  char path[PATH_MAX];
  COUNTED(path_of(fd, path) && is_under(path), path, real(fd, size));
}
int unlinkat(int fd, const char* name, int how) {
  REAL(unlinkat);
  char path[PATH_MAX];
  COUNTED(is_under(name) || (path_of(fd, path) && is_under(path)), is_under(name) ? name : path, real(fd, name, how));
}

/* ---- the test's side --------------------------------------------------------------------------------------------- */

void fault_arm(const char* under, int how, double k, int error, int extra) {
  pthread_mutex_lock(&mutex);
  snprintf(folder, sizeof folder, "%s", under);
  folder_length = strlen(folder);
  mode = how;
  at = (long)k;
  count = 0;
  traced = 0;
  trace[0] = 0;
  error_number = error;
  flags = extra;
  for (; file_count > 0; file_count--) close(files[file_count - 1].fd);
  for (; rename_count > 0; rename_count--)
    if (renames[rename_count - 1].replaced >= 0) close(renames[rename_count - 1].replaced);
  pthread_mutex_unlock(&mutex);
}

/* Armed by the environment, for a whole process: FAULT_FOLDER (or several), and the call at which it is killed, or from which on the
 * disk is full or does not answer. */
__attribute__((constructor)) static void from_environment(void) {
  const char *under = getenv("FAULT_FOLDER"), *kill_at = getenv("FAULT_KILL_AT"), *full_at = getenv("FAULT_FULL_AT");
  const char* hang_at = getenv("FAULT_HANG_AT");
  if (under && kill_at) fault_arm(under, KILL, atof(kill_at), 0, 0);
  if (under && full_at) fault_arm(under, DEAD, atof(full_at), ENOSPC, 0);
  if (under && hang_at) fault_arm(under, HANG, atof(hang_at), 0, 0);
}

/* Calls counted since fault_arm; nothing fails or is counted from here on. */
double fault_disarm(void) {
  mode = OFF;
  folder_length = 0;
  return (double)count;
}

/* After fault_disarm: the calls that were counted, as far as `size` bytes hold them; the number of bytes. */
double fault_trace(char* into, double size) {
  const size_t held = traced < (size_t)size ? traced : (size_t)size;
  memcpy(into, trace, held);
  return (double)held;
}

/* After fault_disarm: unsynced data is lost, and with `names` unsynced renames too, the latest first. */
void fault_power_loss(int names) {
  for (int i = 0; i < file_count; i++)
    if (ftruncate(files[i].fd, files[i].durable)) perror("ftruncate");
  for (int i = rename_count - 1; names && i >= 0; i--) {
    if (rename(renames[i].to, renames[i].from) || renames[i].replaced < 0) continue;
    FILE* again = fopen(renames[i].to, "wb");
    char byte;
    while (again && read(renames[i].replaced, &byte, 1) == 1) fputc(byte, again);
    if (again) fclose(again);
  }
}
