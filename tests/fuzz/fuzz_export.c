/* Property: any exchange, as the codec makes it from any bytes, is one valid
 * line of JSON and a valid HAR document. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/codec.h"
#include "store/export.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char bytes[1 << 22];
static size_t used;

static int keep(void *arg, struct mt_span s)
{
    (void)arg;
    if (s.len > sizeof bytes - used)
        abort();
    memcpy(bytes + used, s.ptr, s.len);
    used += s.len;
    return 0;
}

static void write_out(enum mt_export_format format, const struct mt_exchange *x)
{
    struct mt_export_options options = {.format = format, .packets = true};
    struct mt_export *e =
        mt_export_new(&options, (struct mt_sink){.write = keep});
    used = 0;
    if (e == NULL || mt_export_add(e, x) < 0 || mt_export_end(e) != 0)
        abort();
    mt_export_free(e);
}

static void check_json(void)
{
    json_error_t error;
    json_t *j = json_loadb(bytes, used, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES,
                           &error);
    if (j == NULL)
        abort();
    json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mt_codec_scratch scratch = {.fields = NULL};
    struct mt_exchange x;
    struct mt_span in = {.ptr = data, .len = size};
    if (size < 1 << 16 && mt_exchange_decode(in, &x, &scratch) == 0) {
        write_out(MT_EXPORT_JSONL, &x);
        check_json();
        if (memchr(bytes, '\n', used) != bytes + used - 1)
            abort();
        write_out(MT_EXPORT_HAR, &x);
        check_json();
        write_out(MT_EXPORT_CSV, &x);
    }
    mt_codec_scratch_deinit(&scratch);
    return 0;
}
