/* meshtop export: all that is known of each exchange, for other programs. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/each.h"
#include "cli/export_pcapng.h"
#include "cli/say.h"
#include "cli/write.h"
#include "store/export.h"

static bool add(void *context, const struct mt_exchange *x)
{
    return mt_export_add(context, x) >= 0;
}

static void note_sample(void *context, uint32_t one_of)
{
    mt_export_sample(context, one_of);
}

static void flush(void *context)
{
    (void)mt_export_flush(context);
    (void)fflush(stdout);
}

int mt_command_export(const struct mt_options *o)
{
    if (o->pcapng)
        return mt_export_pcapng(o);
    struct mt_export *e =
        mt_export_new(&(struct mt_export_options){.format = o->export_as,
                                                  .csv_raw = o->csv_raw,
                                                  .version = MT_VERSION},
                      (struct mt_sink){mt_write_file, stdout});
    if (e == NULL) {
        mt_say(NULL, "not enough memory");
        return MT_EXIT_ERROR;
    }
    struct mt_each each = {.options = o,
                           .newest = o->limit,
                           .context = e,
                           .exchange = add,
                           .sampled = note_sample,
                           .idle = flush};
    int rc = mt_each_exchange(&each);
    int written = mt_export_end(e);
    uint64_t skipped = mt_export_skipped(e);
    mt_export_free(e);
    if (written < 0 && written != -EPIPE) {
        mt_say("standard output", "%s", strerror(-written));
        return MT_EXIT_ERROR;
    }
    if (skipped > 0)
        mt_warn(NULL,
                "%" PRIu64 " exchange%s left out: no HTTP request of "
                "theirs was seen",
                skipped, skipped == 1 ? "" : "s");
    return rc;
}
