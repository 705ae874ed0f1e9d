/* Whether a conversation is DNS: by the grammar of a whole message, and either
 * by its plausible answer or by port 53. A port alone says nothing, and what
 * only looks alike never shows both: multicast DNS and LLMNR ask a group and
 * are answered from elsewhere, and NetBIOS answers without the question. */
#include "decode/dns_detect.h"

#include "decode/dns.h"

enum { PREFIX_BYTES = 2, SERVER_PORT = 53 };

enum look { NOTHING, NO, PART, WHOLE };

static enum look look_at_datagram(struct mt_span bytes,
                                  struct mt_dns_message *m)
{
    if (bytes.len == 0)
        return NOTHING;
    if (!mt_dns_parse(bytes, m))
        return NO;
    return m->whole ? WHOLE : PART;
}

/* The beginning of a header: what is not there yet may be anything. */
static bool may_begin(struct mt_span bytes, size_t whole_bytes)
{
    uint8_t header[MT_DNS_HEADER_BYTES] = {[5] = 1};
    if (bytes.len > sizeof header)
        bytes.len = sizeof header;
    if (bytes.len > 0)
        memcpy(header, bytes.ptr, bytes.len);
    return mt_dns_may_be((struct mt_span){header, sizeof header}, whole_bytes);
}

/* A stream joined late is looked at where a chunk begins: that one has to hold
 * a whole message. */
static enum look look_at_stream(struct mt_span bytes, bool fresh,
                                struct mt_dns_message *m)
{
    if (bytes.len == 0)
        return NOTHING;
    if (bytes.len < PREFIX_BYTES)
        return fresh ? PART : NO;
    struct mt_cursor c = mt_cursor_of(bytes);
    size_t size = mt_get_be16(&c);
    if (size < MT_DNS_MESSAGE_MIN || !may_begin(c.rest, size))
        return NO;
    if (c.rest.len < size)
        return fresh ? PART : NO;
    return mt_dns_parse(mt_get_span(&c, size), m) && m->whole ? WHOLE : NO;
}

static struct mt_verdict verdict(enum mt_match match, int client)
{
    return (struct mt_verdict){.match = match, .client = client};
}

/* One message: its server's port has to speak for it. */
static struct mt_verdict judge_one(const struct mt_probe *p, int side,
                                   const struct mt_dns_message *m)
{
    int server = m->response ? side : 1 - side;
    if (p->port[server] == SERVER_PORT)
        return verdict(MT_MATCH_SURE, 1 - server);
    return verdict(m->whole ? MT_MATCH_MORE : MT_MATCH_NO, -1);
}

/* Datagrams: a query and its answer. Of a stream the first messages are seen,
 * and the first answer may be another query's. */
static bool are_pair(const struct mt_probe *p, const struct mt_dns_message *a,
                     const struct mt_dns_message *b)
{
    return p->datagram ? mt_dns_answers(a, b) : !a->response && b->response;
}

struct mt_verdict mt_dns_detect(const struct mt_probe *p)
{
    struct mt_dns_message m[2];
    enum look look[2];
    for (int side = 0; side < 2; side++) {
        struct mt_span bytes = p->bytes[side];
        look[side] = p->datagram
                         ? look_at_datagram(bytes, &m[side])
                         : look_at_stream(bytes, p->fresh[side], &m[side]);
        if (look[side] == NO)
            return verdict(MT_MATCH_NO, -1);
    }
    if (look[0] == WHOLE && look[1] == WHOLE)
        for (int client = 0; client < 2; client++)
            if (are_pair(p, &m[client], &m[1 - client]))
                return verdict(MT_MATCH_SURE, client);
    /* a datagram is all there will be of it; a stream goes on */
    for (int side = 0; side < 2; side++)
        if (look[side] == WHOLE || (look[side] == PART && p->datagram))
            return judge_one(p, side, &m[side]);
    bool part = look[0] == PART || look[1] == PART;
    return verdict(part ? MT_MATCH_MORE : MT_MATCH_NO, -1);
}
