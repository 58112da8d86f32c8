#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// memfd_create, which Swift's Glibc module leaves out. 1 is MFD_CLOEXEC.
static inline int datashield_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1u);
}

// How many files and connections this process may have open; 0 when the system does not say. getrlimit's first argument has another type
// in each C library.
static inline unsigned long datashield_descriptor_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (unsigned long)limit.rlim_cur : 0;
}
