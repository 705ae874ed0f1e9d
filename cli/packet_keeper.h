/**
 * packet_keeper.h - record --ring: the packets of any source into a packet
 * ring, whose files become sources of the database.
 *
 * NULL stands for no ring: every call does nothing then.
 */
#ifndef MT_CLI_PACKET_KEEPER_H
#define MT_CLI_PACKET_KEEPER_H

#include "cli/feed.h"

struct mt_packet_keeper;

/* 0 and NULL without --ring, or an exit code after having said what is wrong.
 * The ring's files are numbered after the sources of -r. */
int mt_packet_keeper_open(struct mt_packet_keeper **out,
                          const struct mt_options *o);

/* Its folder's descriptor; 0: there is no ring. */
int mt_packet_keeper_folder(const struct mt_packet_keeper *k);

/* Who is told of its files: sink->source. Borrowed until close. */
void mt_packet_keeper_tell(struct mt_packet_keeper *k,
                           const struct mt_feed_sink *sink);

void mt_packet_keeper_interface(struct mt_packet_keeper *k,
                                const struct mt_item *item);

/* Its ref leads into the ring from then on, unless it was dropped. */
void mt_packet_keeper_packet(struct mt_packet_keeper *k,
                             struct mt_packet *packet);

/* Waits for the disk; result may be NULL. */
void mt_packet_keeper_close(struct mt_packet_keeper *k,
                            struct mt_feed_result *result);

#endif
