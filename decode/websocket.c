#include "decode/websocket.h"

enum {
    FIN = 0x80,
    OPCODE = 0x0f,
    MASK = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    OP_CONTINUATION = 0,
    OP_BINARY = 2,
    OP_CLOSE = 8,
    OP_PONG = 10,
};

static bool is_control(const struct mt_websocket *w)
{
    return (w->head[0] & 0x8) != 0;
}

static unsigned length_bytes(const struct mt_websocket *w)
{
    unsigned n = w->head[1] & LENGTH;
    return n == LENGTH_16 ? 2 : n == LENGTH_64 ? 8 : 0;
}

/* Of the frame's header, as far as its first two bytes tell. */
static unsigned head_bytes(const struct mt_websocket *w)
{
    if (w->have < 2)
        return 2;
    return 2 + length_bytes(w) + ((w->head[1] & MASK) != 0 ? 4 : 0);
}

static uint64_t payload_length(const struct mt_websocket *w)
{
    unsigned n = length_bytes(w);
    uint64_t length = 0;
    if (n == 0)
        return w->head[1] & LENGTH;
    for (unsigned i = 0; i < n; i++)
        length = length << 8 | w->head[2 + i];
    return length;
}

/* RFC 6455, section 5.2 and 5.5. What cannot be a frame header means that
 * frames are lost; what a peer may not do but can is only noted. */
static bool is_frame(struct mt_websocket *w)
{
    unsigned op = w->head[0] & OPCODE;
    bool fin = (w->head[0] & FIN) != 0;
    if ((op > OP_BINARY && op < OP_CLOSE) || op > OP_PONG || w->left >> 63 != 0)
        return false;
    if (is_control(w))
        return fin && length_bytes(w) == 0;
    if ((op == OP_CONTINUATION) != w->in_message)
        w->bad = true;
    if ((length_bytes(w) == 2 && w->left < 126) ||
        (length_bytes(w) == 8 && w->left <= UINT16_MAX))
        w->bad = true;
    return true;
}

static void end_frame(struct mt_websocket *w)
{
    bool fin = (w->head[0] & FIN) != 0;
    w->in_frame = false;
    w->have = 0;
    if ((w->head[0] & OPCODE) == OP_CLOSE) {
        w->closed = true;
        if (w->code_have == 2)
            w->close_code = mt_be16(w->code);
    }
    if (is_control(w))
        return;
    w->in_message = !fin;
    if (fin && w->messages < UINT32_MAX)
        w->messages++;
}

static void begin_frame(struct mt_websocket *w)
{
    w->left = payload_length(w);
    if (!is_frame(w)) {
        w->lost = w->bad = true;
        return;
    }
    w->in_frame = true;
    w->code_have = 0;
    if (w->left == 0)
        end_frame(w);
}

/* The mask is the last four bytes of the header. */
static void take_code(struct mt_websocket *w, struct mt_span payload)
{
    for (; payload.len > 0 && w->code_have < 2; w->code_have++) {
        uint8_t c = *mt_span_take(&payload, 1).ptr;
        if ((w->head[1] & MASK) != 0)
            c ^= w->head[2 + w->code_have]; /* a close frame is short */
        w->code[w->code_have] = c;
    }
}

static void take_payload(struct mt_websocket *w, struct mt_span *bytes)
{
    size_t n = bytes->len < w->left ? bytes->len : (size_t)w->left;
    struct mt_span payload = mt_span_take(bytes, n);
    w->left -= n;
    if (!is_control(w))
        w->payload_bytes += n;
    else if ((w->head[0] & OPCODE) == OP_CLOSE)
        take_code(w, payload);
    if (w->left == 0)
        end_frame(w);
}

void mt_websocket_feed(struct mt_websocket *w, struct mt_span bytes)
{
    while (bytes.len > 0 && !w->lost) {
        if (w->in_frame) {
            take_payload(w, &bytes);
            continue;
        }
        w->head[w->have++] = *mt_span_take(&bytes, 1).ptr;
        if (w->have == head_bytes(w))
            begin_frame(w);
    }
    w->payload_bytes += bytes.len;
}

void mt_websocket_gap(struct mt_websocket *w, uint64_t n)
{
    if (!w->in_frame || n > w->left || w->lost) {
        w->lost = true;
        w->in_frame = false;
        return;
    }
    w->left -= n;
    if (!is_control(w))
        w->payload_bytes += n;
    w->code_have = 2; /* a code of which a part is missing is none */
    w->code[0] = w->code[1] = 0;
    if (w->left == 0)
        end_frame(w);
}

bool mt_websocket_open(const struct mt_websocket *w)
{
    return !w->lost && (w->in_message || w->in_frame || w->have > 0);
}
