/**
 * pace.h - the clock of a replay: which moment of a capture is now.
 *
 *     mt_pace_init(&p, 10);                          // 10x; 0: max
 *     mt_pace_told(&p, &read, steady_ns);            // what was read so far
 *     read_up_to(mt_pace_wanted_ns(&p, steady_ns));
 *     show_until(mt_pace_now_ns(&p, steady_ns));
 *     mt_pace_seek(&p, ns, steady_ns);
 *
 * Capture times on one side, a steady clock on the other; it calls none. Now
 * is never later than what was read: whoever seeks forward waits for the
 * reading, which then goes as fast as it can.
 */
#ifndef MT_TUI_PACE_H
#define MT_TUI_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct mt_pace {
    double speed; /* 0: as fast as it is read */
    bool paused;
    bool begun;   /* the first packet's time is known */
    bool through; /* all was read */
    int64_t first_ns, fed_ns;
    int64_t at_ns, since_ns; /* it was then, when the steady clock was this */
};

/* How far the capture was read. */
struct mt_pace_read {
    bool begun; /* the first packet's time is known: it may be 0 */
    int64_t first_ns;
    int64_t fed_ns; /* everything that ended until then is there */
    bool through;
};

enum { MT_PACE_SPEED_MAX = 100000 };

void mt_pace_init(struct mt_pace *p, double speed);
void mt_pace_told(struct mt_pace *p, const struct mt_pace_read *read,
                  int64_t steady_ns);

/* To be read up to here; 0 before the first packet, INT64_MAX: all. */
int64_t mt_pace_wanted_ns(const struct mt_pace *p, int64_t steady_ns);

/* The moment to show; 0 before the first packet. */
int64_t mt_pace_now_ns(const struct mt_pace *p, int64_t steady_ns);

/* It stands at the end of the capture. */
bool mt_pace_is_over(const struct mt_pace *p, int64_t steady_ns);

/* It seeks forward, and reading has not come there. */
bool mt_pace_is_behind(const struct mt_pace *p, int64_t steady_ns);

/* From now on; a moment before the first packet is the first packet's. */
void mt_pace_pause(struct mt_pace *p, bool paused, int64_t steady_ns);
void mt_pace_speed(struct mt_pace *p, double speed, int64_t steady_ns);
void mt_pace_seek(struct mt_pace *p, int64_t to_ns, int64_t steady_ns);

/* "1x", "10x", "0.5x", "max" with or without the x: false, and *speed is as it
 * was, for what is none. */
bool mt_pace_parse(const char *text, double *speed);

#endif
