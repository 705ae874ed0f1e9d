/* Property: any text is read, or refused with one line that says where; what
 * was read answers for any address; all memory comes back. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/names_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static void ask(const struct mt_names_file *f, const uint8_t *data, size_t size)
{
    for (uint8_t i = 0; i < 16; i++) {
        struct mt_addr a = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 10},
                            .port = (uint16_t)(i * 1000u)};
        a.ip[15] = i;
        if (size >= sizeof a.ip)
            memcpy(a.ip, data + size - sizeof a.ip, sizeof a.ip);
        check(mt_names_file_service(f, &a).len <= MT_NAME_MAX_BYTES);
        check(mt_names_file_client(f, &a).len <= MT_NAME_MAX_BYTES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_pool pool;
    struct mt_names_file *f;
    char why[MT_NAMES_WHY_BYTES] = "";
    mt_pool_init(&pool, 8u << 20);
    int rc = mt_names_file_read(&f, (struct mt_span){data, size}, "names",
                                &pool, why);
    check(rc == 0 || rc == -EINVAL);
    check((rc == 0) == (f != NULL));
    if (rc == 0)
        ask(f, data, size);
    else
        check(strncmp(why, "names:", 6) == 0 && strchr(why, '\n') == NULL);
    mt_names_file_free(f);
    check(pool.used_bytes == 0);
    mt_pool_deinit(&pool);
    return 0;
}
