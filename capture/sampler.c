#include "capture/sampler.h"

enum { CALM_LOOKS = 5 };

static const double well_under = 0.8;

void mt_sampler_init(struct mt_sampler *s, double ceiling)
{
    *s = (struct mt_sampler){.ceiling = ceiling, .one_of = 1};
}

static bool take_less(struct mt_sampler *s, double used)
{
    uint32_t before = s->one_of;
    s->calm = 0;
    while (s->one_of < MT_SAMPLE_MAX && used * before > s->ceiling * s->one_of)
        s->one_of *= 2;
    return s->one_of != before;
}

static bool take_more(struct mt_sampler *s, double used)
{
    bool room = s->one_of > 1 && used * 2 < s->ceiling * well_under;
    s->calm = room ? s->calm + 1 : 0;
    if (s->calm < CALM_LOOKS)
        return false;
    s->calm = 0;
    s->one_of /= 2;
    return true;
}

bool mt_sampler_look(struct mt_sampler *s, int64_t cpu_ns, int64_t now_ns)
{
    double cpu = (double)(cpu_ns - s->cpu_ns);
    double time = (double)(now_ns - s->now_ns);
    bool first = !s->started;
    s->started = true;
    s->cpu_ns = cpu_ns;
    s->now_ns = now_ns;
    if (first || time <= 0 || s->ceiling <= 0)
        return false;
    double used = cpu / time;
    return used > s->ceiling ? take_less(s, used) : take_more(s, used);
}
