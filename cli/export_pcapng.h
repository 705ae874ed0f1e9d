/* export_pcapng.h - export --pcapng: the packets of the exchanges selected. */
#ifndef MT_CLI_EXPORT_PCAPNG_H
#define MT_CLI_EXPORT_PCAPNG_H

#include "cli/options.h"

/* To standard output. An exit code, after having said what is wrong. */
int mt_export_pcapng(const struct mt_options *o);

#endif
