/**
 * sender.h - exchanges into a relayed stream (store/relay.h): `record -w -`,
 * or -w with a file whose name ends in .relay.
 *
 *     struct mt_sender *s;
 *     rc = mt_sender_open(&s, o);             // says what is wrong
 *     going = mt_sender_exchange(s, x);       // false: no use in going on
 *     rc = mt_sender_close(s, &result);       // says what is wrong; frees s
 *
 * What was given is on its way within 250 ms of the next call. References to
 * packets are left out: the files they point into are on this host.
 */
#ifndef MT_CLI_SENDER_H
#define MT_CLI_SENDER_H

#include "cli/feed.h"
#include "store/relay.h"

struct mt_sender;

/* Does -w PATH mean a stream? */
bool mt_sender_wanted(const char *path);

/* To where -w says, which is borrowed: 0, or an exit code. */
int mt_sender_open(struct mt_sender **out, const struct mt_options *o);

bool mt_sender_exchange(struct mt_sender *s, const struct mt_exchange *x);
bool mt_sender_open_exchange(struct mt_sender *s, const struct mt_exchange *x,
                             int64_t now_ns);
bool mt_sender_report(struct mt_sender *s, const struct mt_conn_report *report);
bool mt_sender_name(struct mt_sender *s, const struct mt_relay_name *name);

/* Nothing more for now, at now_ns of the packets' clock: send a mark. */
bool mt_sender_idle(struct mt_sender *s, int64_t now_ns);

/* Live, once a second: the losses so far, and a mark. */
bool mt_sender_second(struct mt_sender *s, const struct mt_feed_result *so_far);

/* 0 or an exit code; a reader that went away is no error. */
int mt_sender_close(struct mt_sender *s, const struct mt_feed_result *result);

#endif
