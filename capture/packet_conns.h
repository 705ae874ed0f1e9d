/**
 * packet_conns.h - all packets of some connections, out of whole captures.
 *
 * Where the packets of single exchanges are not enough: a program that reads
 * HTTP/2 or TLS needs a connection from its handshake on.
 *
 *     struct mt_packet_conns *c = mt_packet_conns_new(limit_bytes);
 *     rc = mt_packet_conns_add(c, &x->client.addr, &x->server.addr);
 *     mt_packet_conns_sort(c);
 *     rc = mt_packet_conns_open(c, source, path, &why);     // each file
 *     while (mt_packet_conns_next(c, &item) == MT_EVENT)
 *         use(&item);                   // borrowed until the next call
 *     mt_packet_conns_rewind(c);        // closes the files; open them again
 *
 * A connection is told by its two endpoints; those that used the same ones
 * before or after come too. Of fragmented IP packets only the fragment that
 * completes them is given. One thread.
 */
#ifndef MT_CAPTURE_PACKET_CONNS_H
#define MT_CAPTURE_PACKET_CONNS_H

#include "capture/layers.h"
#include "capture/packet.h"

struct mt_packet_conns;

/* limit_bytes: of memory for endpoints, and of fragments. NULL: no memory. */
struct mt_packet_conns *mt_packet_conns_new(size_t limit_bytes);
void mt_packet_conns_free(struct mt_packet_conns *c); /* NULL is fine */

/* 0, MT_ELIMIT above the limit, or -ENOMEM. */
int mt_packet_conns_add(struct mt_packet_conns *c, const struct mt_addr *a,
                        const struct mt_addr *b);

/* After the last mt_packet_conns_add(). */
void mt_packet_conns_sort(struct mt_packet_conns *c);

int mt_packet_conns_open(struct mt_packet_conns *c, uint16_t source,
                         const char *path, struct mt_problem *why);
void mt_packet_conns_rewind(struct mt_packet_conns *c);

/* The next packet of them by time, or another item than a packet: MT_EVENT,
 * or MT_DONE. A file that breaks ends there. */
int mt_packet_conns_next(struct mt_packet_conns *c, struct mt_item *item);

/* What ended the i-th file that was opened before its end: "" for nothing,
 * NULL where there is no such file. */
const char *mt_packet_conns_problem(const struct mt_packet_conns *c, size_t i);

/* The segment in the packet given last; its payload is borrowed from it. */
const struct mt_segment *
mt_packet_conns_segment(const struct mt_packet_conns *c);

#endif
