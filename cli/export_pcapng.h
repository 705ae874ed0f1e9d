/* export_pcapng.h - export --pcapng: the packets of the exchanges selected. */
#ifndef MT_CLI_EXPORT_PCAPNG_H
#define MT_CLI_EXPORT_PCAPNG_H

#include "base/out.h"
#include "cli/wanted.h"

/* To standard output. An exit code, after having said what is wrong. */
int mt_export_pcapng(const struct mt_options *o);

/* What was collected, into a sink that messages call `where`; and say what is
 * missing. An exit code. */
int mt_pcapng_write_wanted(struct mt_wanted *w, struct mt_sink sink,
                           const char *where);

#endif
