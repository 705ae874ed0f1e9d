/**
 * report.h - the page as one file: what it asks of the API is answered inside.
 *
 *     struct mt_web_report r = {.site = &site, .store = s, .label = "a.pcap",
 *                               .exchanges_max = 300};
 *     rc = mt_web_report_write(&r, sink);
 *     say("%llu of %llu exchanges", r.exchanges, r.found);
 *
 * The page is index.html of assets.h with its style, its scripts and one JSON
 * object in place of their addresses; nothing in it leads elsewhere, and its
 * policy forbids that it is tried. The answers are the API's own (answer.h):
 * those of the whole report, those of each service's requests, and of each
 * exchange that is chosen: a third of them the slowest, as many failures, then
 * the latest. docs/web.md tells what of a page is there.
 *
 * The same rows give the same bytes: site->wall_ns, which is asked whether
 * anything is live, should say INT64_MAX, and site->settled be set.
 */
#ifndef MT_WEB_REPORT_H
#define MT_WEB_REPORT_H

#include "web/answer.h"

enum {
    MT_WEB_REPORT_EXCHANGES_DEFAULT = 300,
    MT_WEB_REPORT_EXCHANGES_MAX = 1000,
    MT_WEB_REPORT_SERVICES_MAX = 64, /* with answers of their own */
    MT_WEB_REPORT_BYTES = 128 << 20, /* of all answers */
};

struct mt_web_report {
    /* asked */
    const struct mt_web_site *site;
    struct mt_store *store;
    const char *label;          /* what it is of, for people */
    int64_t since_ns, until_ns; /* 0: not given */
    struct mt_span filter;      /* of length 0: none */
    uint64_t exchanges_max;     /* at most MT_WEB_REPORT_EXCHANGES_MAX */

    /* found */
    uint64_t exchanges, found;       /* inside, and in the window */
    uint64_t services, services_all; /* with answers of their own */
    bool kept_values;                /* header fields, values of queries */
    struct mt_web_problem problem;   /* of -1 */
};

/* Is the page in this program? Without it there are no reports. */
bool mt_web_report_possible(void);

/* How a report begins: bytes that nothing else of ours begins with. */
struct mt_span mt_web_report_mark(void);

/* 0, or -1 with r->problem. The sink is given nothing before all answers are
 * there; its own error is its owner's to tell. */
int mt_web_report_write(struct mt_web_report *r, struct mt_sink sink);

#endif
