/**
 * hpack_wire.h - the representations of a header block (RFC 7541 section 6),
 * read without a table. Shared by hpack.c and hpack_shift.c.
 */
#ifndef MT_DECODE_HPACK_WIRE_H
#define MT_DECODE_HPACK_WIRE_H

#include "base/span.h"

enum mt_hpack_rep {
    MT_HPACK_REP_INDEXED,  /* 6.1: index */
    MT_HPACK_REP_INSERTED, /* 6.2.1: literal with incremental indexing */
    MT_HPACK_REP_LITERAL,  /* 6.2.2 and 6.2.3 */
    MT_HPACK_REP_SIZE,     /* 6.3: index holds the new size */
};

struct mt_hpack_string {
    struct mt_span raw;
    bool huffman;
};

struct mt_hpack_wire {
    enum mt_hpack_rep rep;
    uint32_t index; /* 0 in a literal: the name is `name` */
    struct mt_hpack_string name, value;
};

/* Read one representation off *in. False: the bytes are none. */
bool mt_hpack_wire_next(struct mt_span *in, struct mt_hpack_wire *w);

#endif
