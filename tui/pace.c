#include "tui/pace.h"

#include <stdlib.h>
#include <string.h>

/* Of reading, less is not worth a word: it is heard of some times a second. */
#define BEHIND_NS INT64_C(1000000000)

void mt_pace_init(struct mt_pace *p, double speed)
{
    *p = (struct mt_pace){.speed = speed};
}

/* Times of a capture may be anything. */
static int64_t later(int64_t ns, double by_ns)
{
    int64_t sum;
    if (by_ns >= (double)INT64_MAX / 2 ||
        __builtin_add_overflow(ns, (int64_t)by_ns, &sum))
        return INT64_MAX;
    return sum;
}

/* Where it would be if everything were read. */
static int64_t position(const struct mt_pace *p, int64_t steady_ns)
{
    if (!p->begun)
        return 0;
    if (p->paused || steady_ns <= p->since_ns)
        return p->at_ns;
    if (p->speed <= 0)
        return INT64_MAX;
    return later(p->at_ns, (double)(steady_ns - p->since_ns) * p->speed);
}

int64_t mt_pace_wanted_ns(const struct mt_pace *p, int64_t steady_ns)
{
    return position(p, steady_ns);
}

int64_t mt_pace_now_ns(const struct mt_pace *p, int64_t steady_ns)
{
    int64_t at = position(p, steady_ns);
    return p->begun && at > p->fed_ns ? p->fed_ns : at;
}

bool mt_pace_is_over(const struct mt_pace *p, int64_t steady_ns)
{
    return p->begun && p->through && position(p, steady_ns) >= p->fed_ns;
}

bool mt_pace_is_behind(const struct mt_pace *p, int64_t steady_ns)
{
    int64_t at = position(p, steady_ns);
    int64_t usual = later(p->fed_ns, (double)BEHIND_NS * (1 + p->speed));
    return p->begun && !p->through && at != INT64_MAX && at > usual;
}

/* What is now is where it goes on from. */
static void settle(struct mt_pace *p, int64_t steady_ns)
{
    p->at_ns = mt_pace_now_ns(p, steady_ns);
    p->since_ns = steady_ns;
}

void mt_pace_told(struct mt_pace *p, const struct mt_pace_read *read,
                  int64_t steady_ns)
{
    if (!p->begun && read->begun) {
        p->begun = true;
        p->first_ns = p->at_ns = read->first_ns;
        p->since_ns = steady_ns;
    }
    p->fed_ns = read->fed_ns > p->first_ns ? read->fed_ns : p->first_ns;
    p->through = read->through;
}

void mt_pace_pause(struct mt_pace *p, bool paused, int64_t steady_ns)
{
    settle(p, steady_ns);
    p->paused = paused;
}

void mt_pace_speed(struct mt_pace *p, double speed, int64_t steady_ns)
{
    settle(p, steady_ns);
    p->speed = speed;
}

void mt_pace_seek(struct mt_pace *p, int64_t to_ns, int64_t steady_ns)
{
    int64_t last = p->through ? p->fed_ns : INT64_MAX;
    p->at_ns = to_ns > last ? last : to_ns < p->first_ns ? p->first_ns : to_ns;
    p->since_ns = steady_ns;
}

bool mt_pace_parse(const char *text, double *speed)
{
    char *end;
    if (strcmp(text, "max") == 0) {
        *speed = 0;
        return true;
    }
    if (text[0] < '0' || text[0] > '9')
        return false;
    double n = strtod(text, &end);
    if (end == text || strcmp(end + (*end == 'x'), "") != 0 || !(n > 0) ||
        n > MT_PACE_SPEED_MAX)
        return false;
    *speed = n;
    return true;
}
