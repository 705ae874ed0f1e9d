/* An IP packet: whatever is told of it is in its own first bytes, so that
 * without what follows the flags it is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/early.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 60 + 14 }; /* the longest header, and TCP up to its flags */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_addr local, remote, again[2];
    size_t n = size < MOST ? size : MOST;
    uint8_t *copy = malloc(n > 0 ? n : 1); /* exact */
    if (copy == NULL)
        abort();
    if (n > 0)
        memcpy(copy, data, n);
    bool whole = mt_early_read((struct mt_span){data, size}, &local, &remote);
    bool part = mt_early_read((struct mt_span){copy, n}, &again[0], &again[1]);
    free(copy);
    if (whole != part)
        abort();
    if (whole && (memcmp(&local, &again[0], sizeof local) != 0 ||
                  memcmp(&remote, &again[1], sizeof remote) != 0))
        abort();
    return 0;
}
