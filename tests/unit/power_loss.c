/* A disk that fails when it is told to, and loses what was not synced: for LD_PRELOAD.
 *
 * Watches the files of one folder (PYFE_DISK). What an fsync makes durable is copied to another (PYFE_PLATTER): file
 * <inode> holds the bytes that the last fsync of that file saw, "names" the inode and name of each file that the last
 * fsync of the folder saw. Whoever plays the power loss puts the folder back from these copies alone.
 *
 * An fsync that fails loses the pages that were written since the last one that succeeded, as Linux does: they count as
 * clean, so the next fsync succeeds without them, unless they are written again.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 1 << 14, FILES = 64 };

static struct {
    ino_t inode;
    unsigned char lost[PAGES];
} files[FILES];

static long calls, syncs, fail_at = -1, fail_count, kill_at = -1, kill_at_sync = -1;
static int fail_error;

/* -- what tests ask for -- */

void disk_fail(long at, long count, int error) { calls = 0, fail_at = at, fail_count = count, fail_error = error; }
void disk_kill(long at) { calls = 0, kill_at = at; }
void disk_kill_at_sync(long at) { syncs = 0, kill_at_sync = at; }
long disk_calls(void) { return calls; }
long disk_syncs(void) { return syncs; }

/* -- what is watched -- */

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int watched_path(const char *path) {
    const char *disk = getenv("PYFE_DISK");
    size_t length = disk ? strlen(disk) : 0;
    return length && !strncmp(path, disk, length) && (path[length] == '/' || !path[length]);
}

static int watched(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return watched_path(path);
}

/* Counts a call; whether it fails. */
static int fails(void) {
    long number = calls++;
    if (number == kill_at) kill(getpid(), SIGKILL);
    if (fail_at < 0 || number < fail_at || number >= fail_at + fail_count) return 0;
    errno = fail_error;
    return 1;
}

static unsigned char *lost_of(ino_t inode) {
    int at = 0;
    while (at < FILES - 1 && files[at].inode && files[at].inode != inode) at++;
    files[at].inode = inode;
    return files[at].lost;
}

static void written(int fd, off_t start, ssize_t length) {
    struct stat status;
    if (length <= 0 || fstat(fd, &status)) return;
    unsigned char *lost = lost_of(status.st_ino);
    for (off_t page = start / PAGE; page <= (start + length - 1) / PAGE && page < PAGES; page++) lost[page] = 0;
}

/* -- what is durable -- */

static char *slurp(const char *path, size_t *length) {
    struct stat status;
    int fd = NEXT(open)(path, O_RDONLY);
    *length = 0;
    if (fd < 0 || fstat(fd, &status)) return calloc(1, 1);
    char *data = calloc(1, status.st_size + 1);
    ssize_t got = pread(fd, data, status.st_size, 0);
    *length = got > 0 ? got : 0;
    close(fd);
    return data;
}

static void platter(const char *name, const char *data, size_t length) {
    char new[PATH_MAX], old[PATH_MAX];
    snprintf(old, sizeof old, "%s/%s", getenv("PYFE_PLATTER"), name);
    snprintf(new, sizeof new, "%s/%s.%d", getenv("PYFE_PLATTER"), name, getpid());
    int fd = NEXT(open)(new, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || NEXT(write)(fd, data, length) != (ssize_t)length) abort();
    close(fd);
    NEXT(rename)(new, old);
}

static void sync_names(int fd) {
    char names[1 << 16];
    size_t length = 0;
    DIR *folder = fdopendir(dup(fd));
    rewinddir(folder);
    for (struct dirent *each; (each = readdir(folder));)
        if (each->d_name[0] != '.')
            length += snprintf(names + length, sizeof names - length, "%lu %s\n", (unsigned long)each->d_ino, each->d_name);
    closedir(folder);
    platter("names", names, length);
}

static void sync_file(int fd, const struct stat *status, int loses) {
    char name[64], link[64], old_path[PATH_MAX];
    size_t now_length, old_length;
    snprintf(name, sizeof name, "%lu", (unsigned long)status->st_ino);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    snprintf(old_path, sizeof old_path, "%s/%s", getenv("PYFE_PLATTER"), name);
    char *now = slurp(link, &now_length), *old = slurp(old_path, &old_length);
    unsigned char *lost = lost_of(status->st_ino);
    for (size_t page = 0; page * PAGE < now_length && page < PAGES; page++) {
        size_t start = page * PAGE, size = now_length - start < PAGE ? now_length - start : PAGE;
        size_t had = old_length <= start ? 0 : old_length - start < size ? old_length - start : size;
        if (loses) {
            if (had < size || memcmp(now + start, old + start, size)) lost[page] = 1;
        } else if (lost[page]) {
            memset(now + start, 0, size);
            memcpy(now + start, old + start, had);
        }
    }
    if (!loses) platter(name, now, now_length);
    free(now), free(old);
}

static int synced(int fd, int (*real)(int)) {
    struct stat status;
    if (!watched(fd)) return real(fd);
    fstat(fd, &status);
    if (syncs == kill_at_sync) kill(getpid(), SIGKILL);
    int failed = fails();
    if (S_ISDIR(status.st_mode)) {
        if (!failed) sync_names(fd);
    } else {
        syncs += !failed;
        sync_file(fd, &status, failed);
    }
    if (failed) errno = fail_error;
    return failed ? -1 : 0;
}

/* -- the calls -- */

int fsync(int fd) { return synced(fd, NEXT(fsync)); }
int fdatasync(int fd) { return synced(fd, NEXT(fdatasync)); }

ssize_t write(int fd, const void *data, size_t length) {
    if (watched(fd)) {
        if (fails()) return -1;
        written(fd, lseek(fd, 0, SEEK_CUR), length);
    }
    return NEXT(write)(fd, data, length);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    if (watched(fd)) {
        if (fails()) return -1;
        written(fd, at, length);
    }
    return NEXT(pwrite64)(fd, data, length, at);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwrite64(fd, data, length, at); }

int ftruncate64(int fd, off64_t length) {
    if (watched(fd) && fails()) return -1;
    return NEXT(ftruncate64)(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path) {
    if (watched_path(path) && fails()) return -1;
    return NEXT(unlink)(path);
}

int rename(const char *from, const char *to) {
    if (watched_path(to) && fails()) return -1;
    return NEXT(rename)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (watched_path(path) && fails()) return -1;
    return NEXT(mkdir)(path, mode);
}

int rmdir(const char *path) {
    if (watched_path(path) && fails()) return -1;
    return NEXT(rmdir)(path);
}

static int opened(const char *path, int flags, mode_t mode, int (*real)(const char *, int, ...)) {
    if (watched_path(path) && (flags & O_CREAT) && fails()) return -1;
    return real(path, flags, mode);
}

#define OPEN(name)                                                       \
    int name(const char *path, int flags, ...) {                         \
        va_list rest;                                                    \
        va_start(rest, flags);                                           \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;        \
        va_end(rest);                                                    \
        return opened(path, flags, mode, NEXT(name));                    \
    }
OPEN(open)
OPEN(open64)
