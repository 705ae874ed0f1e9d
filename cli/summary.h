/* summary.h - what a capture held and what was lost, for people. */
#ifndef MT_CLI_SUMMARY_H
#define MT_CLI_SUMMARY_H

#include "cli/feed.h"

/* written may be NULL: nothing was. */
void mt_summary(FILE *out, const struct mt_options *o,
                const struct mt_feed_result *result,
                const struct mt_writer_stats *written);

#endif
