#include "cli/write.h"

#include <errno.h>

int mt_write_file(void *arg, struct mt_span bytes)
{
    FILE *file = arg;
    while (bytes.len > 0) {
        errno = 0;
        size_t n = fwrite(bytes.ptr, 1, bytes.len, file);
        (void)mt_span_take(&bytes, n);
        if (bytes.len > 0 && errno != EINTR)
            return errno != 0 ? -errno : -EIO;
        clearerr(file);
    }
    return 0;
}
