// What Glibc's module map lacks: headers that it does not include, calls that need _GNU_SOURCE,
// and macros that Swift cannot see. No logic lives here.
#pragma once
#include <crypt.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int mkostemp(char *template_, int flags);
long syscall(long number, ...);
// memfd_create needs _GNU_SOURCE.
static inline int portico_memory_file(const char *name) { return (int)syscall(SYS_memfd_create, name, 1U /* MFD_CLOEXEC */); }
// cpu_set_t needs _GNU_SOURCE; the call itself takes any mask of whole words.
static inline long portico_set_affinity(unsigned long mask) {
    return syscall(SYS_sched_setaffinity, 0, sizeof(mask), &mask);
}
// prctl is variadic, which Swift does not call.
static inline int portico_prctl(int option, unsigned long value) { return prctl(option, value, 0, 0, 0); }
static inline int portico_set_name(const char *name) { return prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }
// Swift marks fork() unavailable because of threads; the processes that fork here have one.
static inline pid_t portico_fork(void) { return fork(); }
