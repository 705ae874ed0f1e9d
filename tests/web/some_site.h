/* some_site.h - the site of a test: a database of tests/tui/make-databases, on
 * clocks that stand still where answers depend on them. */
#ifndef MT_TESTS_WEB_SOME_SITE_H
#define MT_TESTS_WEB_SOME_SITE_H

#include <time.h>

#include "web/site.h"

static int64_t test_steady(void *arg)
{
    struct timespec t;
    (void)arg;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t later_than_all(void)
{
    return INT64_MAX;
}

static int32_t utc(int64_t ns)
{
    (void)ns;
    return 0;
}

static const struct mt_web_site some_site = {.db = MT_DATABASES "/mesh.db",
                                             .db_named = "mesh.db",
                                             .settled = true,
                                             .version = "0",
                                             .steady = test_steady,
                                             .wall_ns = later_than_all,
                                             .offset_s = utc};

#endif
