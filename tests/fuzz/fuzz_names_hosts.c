/* Property: any text is read; of a text and the same one behind a comment as
 * many names are told; all memory comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/names_hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static unsigned told(struct mt_span text)
{
    struct mt_pool pool;
    mt_pool_init(&pool, 1u << 20);
    struct mt_names *n = mt_names_new(&(struct mt_names_config){
        .pool = &pool, .texts_max = 32, .places_max = 8});
    check(n != NULL);
    unsigned count = mt_names_hosts_read(n, text, 1);
    check(count <= MT_HOSTS_NAMES);
    mt_names_free(n);
    check(pool.used_bytes == 0);
    mt_pool_deinit(&pool);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char comment[] = "# 10.0.0.1 nobody\n";
    size_t n = sizeof comment - 1;
    uint8_t *longer = malloc(n + size);
    check(longer != NULL);
    memcpy(longer, comment, n);
    if (size > 0)
        memcpy(longer + n, data, size);
    check(told((struct mt_span){data, size}) ==
          told((struct mt_span){longer, n + size}));
    free(longer);
    return 0;
}
