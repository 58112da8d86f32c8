#include <sys/syscall.h>
#include <unistd.h>

// memfd_create, which Swift's Glibc module leaves out. 1 is MFD_CLOEXEC.
static inline int datashield_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1u);
}
