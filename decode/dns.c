#include "decode/dns.h"

enum {
    RESPONSE = 0x8000,
    TRUNCATED = 0x0200,
    RESERVED = 0x0040, /* Z of RFC 1035, less what RFC 4035 took of it */
    POINTER = 0xc0,
    LABEL_MAX = 63,
    RECORD_MIN_BYTES = 11,
    POINTERS_MAX = 127, /* as many as a name has labels */
};

enum type { A = 1, CNAME = 5, AAAA = 28, OPT = 41 };
enum class { IN = MT_DNS_IN, CHAOS = 3, HESIOD = 4, NONE = 254, ANY = 255 };

/* Where the counts of the four sections stand in the header. */
struct header {
    uint16_t id, flags;
    uint16_t questions, answers, authorities, additional;
};

static struct header header_of(struct mt_cursor *c)
{
    struct header h = {.id = mt_get_be16(c)};
    h.flags = mt_get_be16(c);
    h.questions = mt_get_be16(c);
    h.answers = mt_get_be16(c);
    h.authorities = mt_get_be16(c);
    h.additional = mt_get_be16(c);
    return h;
}

static unsigned opcode_of(const struct header *h)
{
    return h->flags >> 11 & 15u;
}

/* A query has one question, no error and, but for those that carry records to
 * a server, no answers. A response may leave the question out. */
static bool is_plausible(const struct header *h)
{
    unsigned opcode = opcode_of(h);
    if (mt_dns_opcode_text(opcode)[0] == '\0' || (h->flags & RESERVED) != 0)
        return false;
    if ((h->flags & RESPONSE) != 0)
        return h->questions <= 1;
    return h->questions == 1 && (h->flags & 15) == 0 &&
           (h->answers == 0 || opcode != MT_DNS_QUERY);
}

bool mt_dns_may_be(struct mt_span bytes, size_t whole_bytes)
{
    struct mt_cursor c = mt_cursor_of(bytes);
    struct header h = header_of(&c);
    if (c.bad || !is_plausible(&h))
        return false;
    size_t records = (size_t)h.answers + h.authorities + h.additional;
    return records <= whole_bytes / RECORD_MIN_BYTES;
}

/* ---- names ---- */

static bool add_label(struct mt_dns_name *name, struct mt_span label)
{
    /* the root's empty label counts, too */
    if (name->len + 1 + label.len + 1 > MT_DNS_NAME_MAX)
        return false;
    name->wire[name->len++] = (uint8_t)label.len;
    for (size_t i = 0; i < label.len; i++)
        name->wire[name->len++] = mt_ascii_lower(label.ptr[i]);
    return true;
}

/* Read a name at c, which is left behind it. Where it points elsewhere, it is
 * read on from there with a cursor of its own. */
static bool read_name(struct mt_span message, struct mt_cursor *c,
                      struct mt_dns_name *name)
{
    struct mt_cursor there, *at = c;
    size_t limit = message.len - c->rest.len; /* pointers lead below it */
    unsigned pointers = 0;
    name->len = 0;
    for (;;) {
        uint8_t n = mt_get_u8(at);
        if (at->bad)
            return false;
        if (n == 0)
            return true;
        if (n <= LABEL_MAX) {
            struct mt_span label = mt_get_span(at, n);
            if (at->bad || !add_label(name, label))
                return false;
            continue;
        }
        size_t target = (size_t)(n & ~POINTER) << 8 | mt_get_u8(at);
        if ((n & POINTER) != POINTER || at->bad || target >= limit ||
            target < MT_DNS_HEADER_BYTES || pointers++ == POINTERS_MAX)
            return false;
        limit = target;
        there = mt_cursor_of(message);
        (void)mt_get_span(&there, target);
        at = &there;
    }
}

static bool is_name(const struct mt_dns_name *a, const struct mt_dns_name *b)
{
    return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

/* ---- records ---- */

struct record {
    struct mt_dns_name owner;
    uint16_t type, class_;
    uint32_t ttl;
    struct mt_cursor data;
};

static bool read_record(struct mt_span message, struct mt_cursor *c,
                        struct record *r)
{
    if (!read_name(message, c, &r->owner))
        return false;
    r->type = mt_get_be16(c);
    r->class_ = mt_get_be16(c);
    r->ttl = mt_get_be32(c);
    struct mt_span data = mt_get_span(c, mt_get_be16(c));
    r->data = mt_cursor_of(data);
    return !c->bad;
}

static void add_address(struct mt_dns_message *m, struct mt_span address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (m->addresses_count == MT_DNS_ADDRESSES_MAX)
        return;
    uint8_t *ip = m->addresses[m->addresses_count++];
    memcpy(ip, mapped, sizeof mapped);
    memcpy(ip + 16 - address.len, address.ptr, address.len);
}

/* The data of a name is read with the message's end as its bound: a pointer
 * in it leads back, and what it says is only compared. */
static void take_answer(struct mt_span message, struct mt_dns_message *m,
                        struct record *r, struct mt_dns_name *wanted)
{
    if (r->class_ != IN || !is_name(&r->owner, wanted))
        return;
    size_t len = r->data.rest.len;
    if ((r->type == A && len == 4) || (r->type == AAAA && len == 16)) {
        add_address(m, r->data.rest);
    } else if (r->type == CNAME) {
        struct mt_cursor target = mt_cursor_of(message);
        (void)mt_get_span(&target, (size_t)(r->data.rest.ptr - message.ptr));
        struct mt_dns_name name;
        if (read_name(message, &target, &name))
            *wanted = name;
    }
}

/* RFC 6891 section 6.1.3: eight more bits of the response code. */
static void take_additional(struct mt_dns_message *m, const struct record *r)
{
    if (r->type == OPT && r->owner.len == 0)
        m->rcode |= (uint16_t)(r->ttl >> 24 << 4);
}

/* True: all of them, and nothing else. */
static bool read_records(struct mt_span message, struct mt_cursor *c,
                         const struct header *h, struct mt_dns_message *m)
{
    struct mt_dns_name wanted = m->question.name;
    struct record r;
    for (unsigned i = 0; i < h->answers; i++) {
        if (!read_record(message, c, &r))
            return false;
        if (m->response && m->has_question)
            take_answer(message, m, &r, &wanted);
    }
    for (unsigned i = 0; i < h->authorities; i++)
        if (!read_record(message, c, &r))
            return false;
    for (unsigned i = 0; i < h->additional; i++) {
        if (!read_record(message, c, &r))
            return false;
        take_additional(m, &r);
    }
    return c->rest.len == 0;
}

static bool is_class(unsigned class_)
{
    return class_ == IN || class_ == CHAOS || class_ == HESIOD ||
           class_ == NONE || class_ == ANY;
}

/* Multicast DNS uses the upper bit of the class (RFC 6762 section 5.4): that
 * is none of ours. */
static bool read_question(struct mt_span message, struct mt_cursor *c,
                          struct mt_dns_message *m)
{
    if (!read_name(message, c, &m->question.name))
        return false;
    m->question.type = mt_get_be16(c);
    m->question.class_ = mt_get_be16(c);
    m->has_question = !c->bad;
    return m->has_question && is_class(m->question.class_) &&
           m->question.type != 0;
}

bool mt_dns_parse(struct mt_span bytes, struct mt_dns_message *out)
{
    struct mt_cursor c = mt_cursor_of(bytes);
    struct header h = header_of(&c);
    if (c.bad || !is_plausible(&h))
        return false;
    out->id = h.id;
    out->opcode = (uint8_t)opcode_of(&h);
    out->rcode = h.flags & 15;
    out->response = (h.flags & RESPONSE) != 0;
    out->truncated = (h.flags & TRUNCATED) != 0;
    out->has_question = false;
    out->question.name.len = 0;
    out->question.type = out->question.class_ = 0;
    out->addresses_count = 0;
    if (h.questions == 1 && !read_question(bytes, &c, out))
        return false;
    out->whole = read_records(bytes, &c, &h, out);
    return true;
}

bool mt_dns_answers(const struct mt_dns_message *a,
                    const struct mt_dns_message *b)
{
    return !a->response && b->response && a->id == b->id &&
           a->opcode == b->opcode && b->has_question &&
           a->question.type == b->question.type &&
           a->question.class_ == b->question.class_ &&
           is_name(&a->question.name, &b->question.name);
}
