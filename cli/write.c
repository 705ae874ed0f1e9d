#include "cli/write.h"

#include <errno.h>

int mt_write_file(void *arg, struct mt_span bytes)
{
    errno = 0;
    if (bytes.len == 0 ||
        fwrite(bytes.ptr, 1, bytes.len, (FILE *)arg) == bytes.len)
        return 0;
    return errno != 0 ? -errno : -EIO;
}
