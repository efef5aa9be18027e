// What Glibc's module map lacks: headers that it does not include, calls that need _GNU_SOURCE,
// and macros that Swift cannot see. No logic lives here.
#pragma once
#include <crypt.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
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
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int pipe2(int descriptors[2], int flags);
int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *deadline);
int mkostemp(char *template_, int flags);
int malloc_trim(size_t pad);
int mallopt(int parameter, int value);
long syscall(long number, ...);
// The allocator beneath malloc(), for a program that counts what it is asked for.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
// memfd_create needs _GNU_SOURCE.
static inline int portico_memory_file(const char *name) { return (int)syscall(SYS_memfd_create, name, 1U /* MFD_CLOEXEC */); }
// CMSG_… are macros. Both return what sendmsg and recvmsg do.
static inline ssize_t portico_send_descriptors(int fd, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(int) * 128)]; } control = {{0}};
    struct iovec piece = {(void *)bytes, count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (descriptor_count > 0 && descriptor_count <= 128) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
        __builtin_memcpy(CMSG_DATA(head), descriptors, sizeof(int) * descriptor_count);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}
static inline ssize_t portico_receive_descriptors(int fd, void *bytes, size_t count, int *descriptors, size_t *descriptor_count) {
    union { struct cmsghdr head; char space[CMSG_SPACE(sizeof(int) * 128)]; } control = {{0}};
    struct iovec piece = {bytes, count};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)};
    ssize_t received = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    *descriptor_count = 0;
    for (struct cmsghdr *head = received < 0 ? 0 : CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        *descriptor_count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        __builtin_memcpy(descriptors, CMSG_DATA(head), *descriptor_count * sizeof(int));
    }
    return received;
}
// cpu_set_t needs _GNU_SOURCE; the call itself takes any mask of whole words.
static inline long portico_set_affinity(unsigned long mask) {
    return syscall(SYS_sched_setaffinity, 0, sizeof(mask), &mask);
}
// prctl is variadic, which Swift does not call.
static inline int portico_prctl(int option, unsigned long value) { return prctl(option, value, 0, 0, 0); }
static inline int portico_keep_net_raw(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    data[0].effective = data[0].permitted = 1u << CAP_NET_RAW;
    return (int)syscall(SYS_capset, &header, data);
}
static inline int portico_set_name(const char *name) { return prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }
// A variable that Swift takes for shared between threads.
static inline char **portico_environment(void) { extern char **environ; return environ; }
// Swift marks fork() unavailable because of threads; the processes that fork here have one.
static inline pid_t portico_fork(void) { return fork(); }
// io_uring has no functions in glibc.
static inline int portico_ring_setup(unsigned entries, struct io_uring_params *parameters) {
    return (int)syscall(SYS_io_uring_setup, entries, parameters);
}
static inline int portico_ring_enter(int fd, unsigned submitted, unsigned awaited) {
    return (int)syscall(SYS_io_uring_enter, fd, submitted, awaited, IORING_ENTER_GETEVENTS, (void *)0,
                        (size_t)0);
}
// zlib is looked up at run time, so building needs no header of it: this is the z_stream of its version 1,
// which says its size when it is set up and is refused where that is another.
struct portico_zlib_stream {
    const unsigned char *next_in;
    unsigned int avail_in;
    unsigned long total_in;
    unsigned char *next_out;
    unsigned int avail_out;
    unsigned long total_out;
    const char *message;
    void *state, *allocate, *release, *opaque;
    int data_type;
    unsigned long checksum, reserved;
};
