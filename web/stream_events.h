/* stream_events.h - private to web/: the events of a stream, as bytes. */
#ifndef MT_WEB_STREAM_EVENTS_H
#define MT_WEB_STREAM_EVENTS_H

#include "web/answer.h"

struct mt_web_event {
    struct mt_web_body body;
    bool made; /* it was */
};

/* Without memory an event is of length 0. Free each. */
struct mt_web_hello {
    const struct mt_web_site *site;
    const struct mt_web_params *params;
    struct mt_filter *filter;
    uint64_t epoch, after_id;
    bool resumed;
};

void mt_web_event_hello(struct mt_web_event *e, const struct mt_web_hello *h);
void mt_web_event_exchange(struct mt_web_event *e, uint64_t epoch,
                           const struct mt_exchange *x);
void mt_web_event_lost(struct mt_web_event *e, const struct mt_lost *lost);

/* Rows that a client asks to resume from are gone. */
void mt_web_event_missed(struct mt_web_event *e, uint64_t count);

struct mt_span mt_web_event_bytes(const struct mt_web_event *e);
void mt_web_event_free(struct mt_web_event *e);

#endif
