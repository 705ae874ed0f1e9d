/* progress.h - the line that is drawn over while a capture is read. */
#ifndef MT_CLI_PROGRESS_H
#define MT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct mt_progress {
    bool shown;         /* stderr is a terminal, and nobody said --quiet */
    int64_t started_ns; /* steady clock */
    int64_t next_ns;
    uint64_t last_exchanges;
    int64_t last_ns;
};

struct mt_progress_now {
    uint64_t done_bytes, total_bytes; /* total 0: not known */
    uint64_t packets, exchanges;
};

void mt_progress_begin(struct mt_progress *p, bool shown, int64_t now_ns);

/* Is it time to draw again? */
bool mt_progress_due(const struct mt_progress *p, int64_t now_ns);
void mt_progress_draw(struct mt_progress *p, const struct mt_progress_now *now,
                      int64_t now_ns);
void mt_progress_end(struct mt_progress *p);

#endif
