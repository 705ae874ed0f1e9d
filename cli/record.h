/* record.h - where meshtop record writes to: a file of its own each. */
#ifndef MT_CLI_RECORD_H
#define MT_CLI_RECORD_H

#include "cli/feed.h"

/* Run the feed into the database, or the stream, that -w names. An exit code,
 * after having said what is wrong. */
int mt_record_into_database(struct mt_feed *f, const struct mt_options *o,
                            struct mt_feed_result *result);
int mt_record_into_relay(struct mt_feed *f, const struct mt_options *o,
                         struct mt_feed_result *result);

#endif
