/* relay_impl.h - what the writer and the reader of relay.h share. */
#ifndef MT_STORE_RELAY_IMPL_H
#define MT_STORE_RELAY_IMPL_H

#include "store/relay.h"

enum {
    MT_RELAY_BLOCK_HEAD = 8, /* its length, its checksum */
    MT_RELAY_LENGTH_BYTES = 4,
    MT_RELAY_WINDOW_LOG = 18,
    MT_RELAY_WINDOW_LOG_MAX = 20, /* what a reader spends at most */
    /* What the payload of any kind takes at most, but for exchanges, and what
     * stands beside the exchange. */
    MT_RELAY_RECORD_ROOM = 16 * MT_VARINT_MAX + 4 * MT_RELAY_TEXT_MAX,
    MT_RELAY_EXCHANGE_ROOM = MT_VARINT_MAX + MT_RELAY_LENGTH_BYTES,
};

/* Of a report. */
enum mt_relay_ends { MT_RELAY_OPENED = 1, MT_RELAY_CLOSED = 2 };

extern const uint8_t mt_relay_magic[MT_RELAY_MAGIC_BYTES];

/* Blocks are numbered from 0: one that is lost, doubled or moved is seen. */
uint32_t mt_relay_checksum(struct mt_span block, uint64_t number);

#endif
