/**
 * dns.h - one DNS message (RFC 1035, EDNS of RFC 6891), read.
 *
 *     struct mt_dns_message m;
 *     if (mt_dns_parse(bytes, &m))              // false: no DNS message
 *         mt_dns_put_name(&buf, &m.question.name);    // "www.example.com"
 *
 * Only what an exchange tells is kept: the question, the response code, and
 * the addresses that a client would take from the answer. Nothing is
 * allocated and nothing borrowed. A compression pointer must lead back, and
 * further back than the one before it: no message makes a loop. A name has at
 * most 255 bytes and 127 pointers.
 */
#ifndef MT_DECODE_DNS_H
#define MT_DECODE_DNS_H

#include "base/buf.h"

enum {
    MT_DNS_HEADER_BYTES = 12,
    MT_DNS_MESSAGE_MIN = 17, /* and the root's question */
    MT_DNS_NAME_MAX = 255,
    MT_DNS_NAME_TEXT_MAX = 4 * MT_DNS_NAME_MAX,
    MT_DNS_WORD_MAX = 16, /* of a type, class or code in words */
    MT_DNS_ADDRESSES_MAX = 16,
};

enum { MT_DNS_IN = 1 }; /* the class that is meant where none is named */

enum mt_dns_opcode { MT_DNS_QUERY = 0, MT_DNS_NOTIFY = 4, MT_DNS_UPDATE = 5 };

/* Labels with their lengths, in lower case (RFC 4343), without the root's. */
struct mt_dns_name {
    uint8_t len;
    uint8_t wire[MT_DNS_NAME_MAX];
};

struct mt_dns_message {
    uint16_t id;
    uint8_t opcode;
    uint16_t rcode; /* with the upper bits that EDNS has */
    bool response;
    bool truncated;    /* TC: the sender left out what did not fit */
    bool has_question; /* some servers leave it out of an error */
    bool whole;        /* every record was read, and nothing follows */
    struct {
        struct mt_dns_name name;
        uint16_t type, class_;
    } question;
    /* A and AAAA of the answer whose owner is the question's name, or what a
     * chain of CNAMEs makes of it: as mt_addr.ip. */
    uint8_t addresses[MT_DNS_ADDRESSES_MAX][16];
    uint8_t addresses_count; /* those beyond the table are left out */
};

/**
 * Could a datagram that begins with these bytes, whole_bytes long, be a DNS
 * message? Looks at the header alone: for every datagram on the wire.
 */
bool mt_dns_may_be(struct mt_span bytes, size_t whole_bytes);

/**
 * False: the header or the question is none of a DNS message. Records that
 * are cut or malformed leave `whole` false.
 */
bool mt_dns_parse(struct mt_span bytes, struct mt_dns_message *out);

/* Is b the plausible answer to a? */
bool mt_dns_answers(const struct mt_dns_message *a,
                    const struct mt_dns_message *b);

/* As RFC 1035 section 5.1 writes it: `\.` for a dot inside a label, `\DDD`
 * for what is not printable; no dot at the end, "." for the root. */
void mt_dns_put_name(struct mt_buf *b, const struct mt_dns_name *name);

/* "AAAA", "NXDOMAIN", "CH"; what has no name is TYPE65280, RCODE3841,
 * CLASS77 (RFC 3597). */
void mt_dns_put_type(struct mt_buf *b, uint16_t type);
void mt_dns_put_rcode(struct mt_buf *b, uint16_t rcode);
void mt_dns_put_class(struct mt_buf *b, uint16_t class_);

/* "QUERY", or "" for one that is not decoded. */
const char *mt_dns_opcode_text(unsigned opcode);

#endif
