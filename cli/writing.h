/* writing.h - how the commands set up a writer, and how they end it. */
#ifndef MT_CLI_WRITING_H
#define MT_CLI_WRITING_H

#include "cli/feed.h"
#include "cli/recorder.h"

struct mt_writer_options mt_writing_options(const struct mt_options *o);

/* Say why the database could not be opened for writing: a code of
 * mt_store_rc. */
void mt_writing_not_opened(const char *path, int rc);

/**
 * Give the writer what only the end knows (sources, losses), close it, and say
 * what went wrong. Returns 0 or an exit code.
 */
int mt_writing_end(struct mt_recorder *r, const char *path,
                   struct mt_feed_result *result,
                   struct mt_writer_stats *written);

/* The same, but the writer stays open for questions: NULL after an error that
 * was said. */
struct mt_writer *mt_writing_settle(struct mt_recorder *r, const char *path,
                                    struct mt_feed_result *result);

/* The losses that are known by now. False: the writer has failed. */
bool mt_writing_losses(struct mt_recorder *r,
                       const struct mt_feed_result *so_far);

#endif
