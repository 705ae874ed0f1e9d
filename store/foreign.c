/* What a file is that is no database: whoever gave it is told what to do. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/open.h"
#include "store/relay_impl.h"

/* As files begin, on machines of either byte order. */
static const struct {
    uint8_t bytes[4];
    uint8_t count;
} captures[] = {
    {{0xa1, 0xb2, 0xc3, 0xd4}, 4},
    {{0xd4, 0xc3, 0xb2, 0xa1}, 4}, /* pcap */
    {{0xa1, 0xb2, 0x3c, 0x4d}, 4},
    {{0x4d, 0x3c, 0xb2, 0xa1}, 4}, /* in ns */
    {{0xa1, 0xb2, 0xcd, 0x34}, 4},
    {{0x34, 0xcd, 0xb2, 0xa1}, 4}, /* Kuznetzov */
    {{0x0a, 0x0d, 0x0d, 0x0a}, 4}, /* pcapng */
    {{0x1f, 0x8b}, 2},             /* gzip */
    {{0x28, 0xb5, 0x2f, 0xfd}, 4}, /* zstd */
};

static bool begins_as_capture(const uint8_t *start, size_t n)
{
    if (n >= MT_RELAY_MAGIC_BYTES &&
        memcmp(start, mt_relay_magic, MT_RELAY_MAGIC_BYTES) == 0)
        return true;
    for (size_t i = 0; i < sizeof captures / sizeof captures[0]; i++)
        if (n >= captures[i].count &&
            memcmp(start, captures[i].bytes, captures[i].count) == 0)
            return true;
    return false;
}

int mt_store_foreign(const char *path)
{
    uint8_t start[MT_RELAY_MAGIC_BYTES];
    struct stat st;
    if (stat(path, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return MT_STORE_EFOREIGN;
    if (S_ISDIR(st.st_mode))
        return MT_STORE_EFOLDER;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? pread(fd, start, sizeof start, 0) : -1;
    if (fd >= 0)
        (void)close(fd);
    return n > 0 && begins_as_capture(start, (size_t)n) ? MT_STORE_ECAPTURE
                                                        : MT_STORE_EFOREIGN;
}
