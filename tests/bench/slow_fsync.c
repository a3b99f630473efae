/* A disk that takes longer: loaded before the C library (LD_PRELOAD), every fsync and fdatasync waits
 * BENCH_FSYNC_MICROSECONDS more. Writing is as fast as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int after(const char *name, int fd) {
    const char *wait = getenv("BENCH_FSYNC_MICROSECONDS");
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int answer = real(fd);
    if (wait != NULL) usleep((useconds_t)atoi(wait));
    return answer;
}

int fsync(int fd) { return after("fsync", fd); }
int fdatasync(int fd) { return after("fdatasync", fd); }
