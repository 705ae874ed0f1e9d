/**
 * ladder.h - the packets of one exchange, one under the other.
 *
 * Plain values and their text; who reads packets fills them in (of capture/
 * packet_ladder.h). All packets of the exchange's connection while it lasted
 * are steps, those of other exchanges too: they are marked.
 *
 *     for (size_t i = 0; i < mt_ladder_lines(l); i++)
 *         mt_ladder_put_line(&b, l, x, i, columns);
 *     // "  0.4ms   +0.4ms ← 163 B  PSH  201"
 *
 * Bounded: the first MT_LADDER_HEAD and the last MT_LADDER_TAIL steps are
 * kept; what is between them is counted.
 */
#ifndef MT_DECODE_LADDER_H
#define MT_DECODE_LADDER_H

#include "base/buf.h"
#include "decode/exchange.h"

enum { MT_LADDER_HEAD = 24, MT_LADDER_TAIL = 24, MT_LADDER_WHY_BYTES = 512 };

/* X(NAME, "in JSON", "words"): bits of mt_ladder_step.marks */
#define MT_LADDER_MARKS(X)                             \
    X(REQUEST, "request_begins", "")                   \
    X(RESPONSE, "response_begins", "")                 \
    X(AGAIN, "retransmission", "sent again")           \
    X(COPY, "copy", "the same packet, seen again")     \
    X(GAP, "gap", "missing before it")                 \
    X(LATE, "late", "out of order")                    \
    X(CUT, "cut", "cut by the snaplen")                \
    X(OTHER, "other_exchange", "not of this exchange") \
    X(ZERO_WINDOW, "zero_window", "its receive buffer is full")

enum mt_ladder_mark_bit {
#define X(name, key, words) MT_LADDER_BIT_##name,
    MT_LADDER_MARKS(X)
#undef X
        MT_LADDER_BIT_COUNT
};
enum mt_ladder_mark {
#define X(name, key, words) MT_LADDER_##name = 1 << MT_LADDER_BIT_##name,
    MT_LADDER_MARKS(X)
#undef X
};

/* The TCP flags that have a word; numbers are the wire's. */
enum mt_ladder_flag {
    MT_LADDER_FIN = 0x01,
    MT_LADDER_SYN = 0x02,
    MT_LADDER_RST = 0x04,
    MT_LADDER_PSH = 0x08,
    MT_LADDER_ACK = 0x10,
};

struct mt_ladder_step {
    uint64_t number; /* from 0, of all packets of the ladder */
    int64_t ts_ns;
    int64_t delta_ns;       /* since the packet before; of the first 0 */
    uint32_t payload_bytes; /* on the wire */
    uint32_t gap_bytes;     /* MT_LADDER_GAP: so many */
    uint16_t marks;         /* bits of enum mt_ladder_mark */
    uint8_t from;           /* enum mt_role */
    uint8_t flags;          /* TCP; of datagrams 0 */
    bool tcp;
};

struct mt_ladder {
    struct mt_ladder_step steps[MT_LADDER_HEAD + MT_LADDER_TAIL];
    size_t count;
    uint64_t seen; /* packets: kept, and folded between head and tail */
    uint64_t sent_again, copies, gaps; /* among all of them */
    bool complete;                     /* else `why` tells what is missing */
    char why[MT_LADDER_WHY_BYTES];     /* also why there is none; "" */
};

/* One more packet: number and delta are set here. */
void mt_ladder_add(struct mt_ladder *l, struct mt_ladder_step step);

/* A step among those kept; NULL: it is not, or never was. */
struct mt_ladder_step *mt_ladder_find(struct mt_ladder *l, uint64_t number);

/* Lines of text: the steps, and one for what is folded. */
size_t mt_ladder_lines(const struct mt_ladder *l);

/* `columns` wide at most, without a line end. Texts are escaped. */
void mt_ladder_put_line(struct mt_buf *b, const struct mt_ladder *l,
                        const struct mt_exchange *x, size_t line,
                        size_t columns);

/* Does the line tell of a fault: lost, sent again, reset? */
bool mt_ladder_is_trouble(const struct mt_ladder *l, size_t line);

/* One sentence a line: counts, and what is missing. May be nothing. */
void mt_ladder_put_notes(struct mt_buf *b, const struct mt_ladder *l);

const char *mt_ladder_mark_text(unsigned bit); /* its name in JSON */

#endif
