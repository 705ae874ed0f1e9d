/**
 * text_addr.h - IP addresses and networks as text.
 *
 * An address is 16 bytes in network order, IPv4 as ::ffff:a.b.c.d, as in
 * struct mt_addr. Parsers as in text.h.
 */
#ifndef MT_BASE_TEXT_ADDR_H
#define MT_BASE_TEXT_ADDR_H

#include "base/buf.h"

/* A network: an address and how many of its 128 bits count. */
struct mt_cidr {
    uint8_t ip[16]; /* bits that do not count are 0 */
    uint8_t bits;   /* 96 + n for IPv4's /n */
};

/* `10.0.0.1`, `2001:db8::1`; a zone (`%eth0`) is no part of an address. */
int mt_parse_ip(struct mt_span text, uint8_t ip[16]);

/* `10.0.0.1:80`, `[::1]:80`; *port is 0 where none is given. */
int mt_parse_ip_port(struct mt_span text, uint8_t ip[16], uint16_t *port);

/* `10.0.0.0/8`, `fe80::/10`, or one address. Bits beyond the length may be
 * set, as people write them. */
int mt_parse_cidr(struct mt_span text, struct mt_cidr *out);

bool mt_cidr_has(const struct mt_cidr *c, const uint8_t ip[16]);

/* Lowest and highest address of it. */
void mt_cidr_range(const struct mt_cidr *c, uint8_t low[16], uint8_t high[16]);

bool mt_ip_is_v4(const uint8_t ip[16]);

/* All bytes zero: no address. */
bool mt_ip_is_none(const uint8_t ip[16]);

/* RFC 5952. */
void mt_put_ip(struct mt_buf *b, const uint8_t ip[16]);

/* With its port, IPv6 in brackets; a port of 0 is left out. */
void mt_put_ip_port(struct mt_buf *b, const uint8_t ip[16], uint16_t port);

#endif
