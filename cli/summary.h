/* summary.h - what a capture held and what was lost, for people. */
#ifndef MT_CLI_SUMMARY_H
#define MT_CLI_SUMMARY_H

#include "cli/feed.h"

/* db and written may be NULL: nothing was written. */
void mt_summary(FILE *out, const struct mt_feed_result *result, const char *db,
                const struct mt_writer_stats *written);

#endif
