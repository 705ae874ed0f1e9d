/* Packets from a line such as "eth vlan:7 ip4 udp:4789 vxlan:9 eth ip6 tcp":
 * each word appends its header, with the type of the next word where it names
 * one; lengths are filled in at the end. The payload is "hello". */
#ifndef MT_TESTS_CAPTURE_STACK_H
#define MT_TESTS_CAPTURE_STACK_H

#include "build.h"

enum { STACK_MAX = 24 };

struct stack {
    struct bytes b;
    const char *words[STACK_MAX]; /* borrowed from the line */
    size_t starts[STACK_MAX];
    size_t count;
};

static inline bool word_is(const char *word, const char *name)
{
    size_t n = strlen(name);
    return word != NULL && strncmp(word, name, n) == 0 &&
           (word[n] == ' ' || word[n] == ':' || word[n] == '\0');
}

struct named {
    const char *name;
    unsigned number;
};

static inline unsigned number_of(const struct named *list, const char *word)
{
    for (; list->name != NULL; list++)
        if (word_is(word, list->name))
            return list->number;
    return 0;
}

static inline unsigned ethertype_of(const char *word)
{
    static const struct named list[] = {
        {"ip4", 0x800},      {"ip6", 0x86dd},   {"vlan", 0x8100},
        {"qinq", 0x88a8},    {"q9100", 0x9100}, {"mpls", 0x8847},
        {"pppoe", 0x8864},   {"eth", 0x6558},   {"arp", 0x806},
        {"erspan2", 0x88be}, {"ppp", 0x880b},   {"vntag", 0x8926},
        {"isid", 0x88e7},    {"nsh", 0x894f},   {"erspan3", 0x22eb},
        {"llc", 100},        {NULL, 0}};
    return number_of(list, word);
}

static inline unsigned protocol_of(const char *word)
{
    static const struct named list[] = {
        {"tcp", 6},     {"udp", 17},     {"ip4", 4},   {"ip6", 41},
        {"gre", 47},    {"hop", 0},      {"dst", 60},  {"ah", 51},
        {"mpls", 137},  {"etherip", 97}, {"eth", 143}, {"icmp", 1},
        {"frag", 44},   {"route", 43},   {"pptp", 47}, {"grekey", 47},
        {"greseq", 47}, {NULL, 0}};
    return number_of(list, word);
}

static inline unsigned gpe_of(const char *word)
{
    static const struct named list[] = {
        {"ip4", 1}, {"ip6", 2}, {"eth", 3}, {"nsh", 4}, {NULL, 0}};
    return number_of(list, word);
}

static inline unsigned ppp_of(const char *word)
{
    static const struct named list[] = {
        {"ip4", 0x21}, {"ip6", 0x57}, {"mpls", 0x281}, {NULL, 0}};
    return number_of(list, word);
}

/* IPv4 10.0.0.1 > 10.0.0.2; IPv6 fd00::1 > fd00::2 */
static inline void put_ip(struct bytes *b, const char *word, const char *next)
{
    if (word_is(word, "ip4")) {
        put_hex(b, "45 00 00 00 12 34 40 00 40");
        put8(b, protocol_of(next));
        put_hex(b, "00 00 0a 00 00 01 0a 00 00 02");
        return;
    }
    put_hex(b, "60 00 00 00 00 00");
    put8(b, protocol_of(next));
    put_hex(b, "40 fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01"
               "   fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02");
}

/* Tunnels and shims with a number and a type. */
static inline bool put_shim(struct bytes *b, const char *word, unsigned n,
                            const char *next)
{
    if (word_is(word, "vlan") || word_is(word, "qinq") ||
        word_is(word, "q9100")) {
        put16(b, n);
        put16(b, ethertype_of(next));
    } else if (word_is(word, "mpls")) {
        put32(b, n << 12 | (word_is(next, "mpls") ? 0 : 0x100) | 64);
    } else if (word_is(word, "cw")) {
        put32(b, 0);
    } else if (word_is(word, "pppoe")) {
        put_hex(b, "11 00 00 01 00 00");
    } else if (word_is(word, "ppp")) {
        put16(b, ppp_of(next));
    } else if (word_is(word, "hdlc")) {
        put_hex(b, "ff 03");
    } else if (word_is(word, "vxlan")) {
        put_hex(b, "08 00 00 00");
        put32(b, n << 8);
    } else if (word_is(word, "gpe")) {
        put_hex(b, "0c 00 00");
        put8(b, gpe_of(next));
        put32(b, n << 8);
    } else if (word_is(word, "nsh")) {
        put_hex(b, "0f c6 01"); /* 6 words, type 1 */
        put8(b, gpe_of(next));
        put_hex(b, "00 00 00 ff 00000000 00000000 00000000 00000000");
    } else if (word_is(word, "geneve")) {
        put_hex(b, "02 00"); /* two words of options */
        put16(b, ethertype_of(next));
        put32(b, n << 8);
        put_hex(b, "01 02 03 01 aa bb cc dd");
    } else if (word_is(word, "etherip")) {
        put16(b, 0x3000);
    } else if (word_is(word, "vntag")) {
        put32(b, n);
        put16(b, ethertype_of(next));
    } else if (word_is(word, "isid")) {
        put32(b, n);
    } else {
        return false;
    }
    return true;
}

static inline bool put_gre(struct bytes *b, const char *word, unsigned n,
                           const char *next)
{
    bool key = word_is(word, "grekey"), seq = word_is(word, "greseq");
    if (word_is(word, "gre") || key || seq) {
        put16(b, key ? 0x2000 : seq ? 0x1000 : 0);
        put16(b, ethertype_of(next));
        if (key || seq)
            put32(b, n);
    } else if (word_is(word, "pptp")) {
        put_hex(b, "30 81 88 0b 00 00 00 07 00 00 00 01 00 00 00 02");
    } else if (word_is(word, "erspan2")) {
        put_hex(b, "10 0a 00 01 00 00 00 02");
    } else if (word_is(word, "erspan3")) { /* with its optional part */
        put_hex(b, "20 0a 00 01 00000000 0000 00 01 0102030405060708");
    } else if (word_is(word, "gtp")) {
        put_hex(b, "30 ff 00 00");
        put32(b, n);
    } else if (word_is(word, "gtpext")) {
        put_hex(b, "34 ff 00 00");
        put32(b, n);
        put_hex(b, "00 00 00 85 01 00 00 00");
    } else {
        return false;
    }
    return true;
}

static inline bool put_link(struct bytes *b, const char *word, unsigned n,
                            const char *next)
{
    if (word_is(word, "eth")) {
        put_hex(b, "02 00 00 00 00 01 02 00 00 00 00 02");
        put16(b, ethertype_of(next));
    } else if (word_is(word, "sll")) {
        put16(b, n);
        put_hex(b, "00 01 00 06 02 00 00 00 00 01 00 00");
        put16(b, ethertype_of(next));
    } else if (word_is(word, "sll2")) {
        put16(b, ethertype_of(next));
        put16(b, 0);
        put32(b, n);
        put_hex(b, "00 01 00 06 02 00 00 00 00 01 00 00");
    } else if (word_is(word, "llc")) {
        put_hex(b, "aa aa 03 00 00 00");
        put16(b, ethertype_of(next));
    } else if (word_is(word, "wlan")) { /* QoS data, to the access point */
        put_hex(b, "88 01 00 00 02 00 00 00 00 01 02 00 00 00 00 02"
                   "02 00 00 00 00 03 00 00 00 00");
    } else if (word_is(word, "radiotap")) { /* TSFT, flags: padded data */
        put_hex(b, "00 00 19 00 03 00 00 80 00 00 00 00 00 00 00 00"
                   "01 02 03 04 05 06 07 08 20");
    } else if (word_is(word, "pad2")) {
        put_hex(b, "00 00");
    } else if (word_is(word, "hex")) {
        char text[128];
        size_t k = strcspn(word + 4, " ");
        assert(k < sizeof text);
        memcpy(text, word + 4, k);
        text[k] = '\0';
        put_hex(b, text);
    } else {
        return false;
    }
    return true;
}

static inline void put_transport(struct bytes *b, const char *word, unsigned n,
                                 const char *next)
{
    if (word_is(word, "tcp")) {
        put_hex(b, "c0 00 00 50 01 02 03 04 05 06 07 08 80 18 12 34 00 00 00"
                   "00 01 01 08 0a 00 00 00 07 00 00 00 09");
    } else if (word_is(word, "udp")) {
        put_hex(b, "c0 00");
        put16(b, n > 0 ? n : 53);
        put32(b, 0);
    } else if (word_is(word, "ah")) {
        put8(b, protocol_of(next));
        put_hex(b, "04 00 00 00000000 00000000 000000000000000000000000");
    } else if (word_is(word, "frag")) {
        put8(b, protocol_of(next));
        put_hex(b, "00 00 00 00 00 00 07"); /* atomic */
    } else { /* hop, dst, route: an extension header of 16 bytes */
        put8(b, protocol_of(next));
        put_hex(b, "01 01 04 00 00 00 00 00 00 00 00 00 00 00 00");
    }
}

static inline void put_word(struct stack *s, const char *word, const char *next)
{
    const char *colon = word + strcspn(word, " :");
    unsigned n = *colon == ':' ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
    s->words[s->count] = word;
    s->starts[s->count++] = s->b.len;
    if (word_is(word, "ip4") || word_is(word, "ip6"))
        put_ip(&s->b, word, next);
    else if (!put_shim(&s->b, word, n, next) &&
             !put_gre(&s->b, word, n, next) && !put_link(&s->b, word, n, next))
        put_transport(&s->b, word, n, next);
}

/* Lengths, innermost last byte included. */
static inline void set_lengths(struct stack *s)
{
    for (size_t i = 0; i < s->count; i++) {
        size_t at = s->starts[i], n = s->b.len - at;
        if (word_is(s->words[i], "ip4"))
            set_be16(&s->b, at + 2, n);
        else if (word_is(s->words[i], "ip6"))
            set_be16(&s->b, at + 4, n - 40);
        else if (word_is(s->words[i], "udp"))
            set_be16(&s->b, at + 4, n);
        else if (word_is(s->words[i], "pppoe"))
            set_be16(&s->b, at + 4, n - 6);
        else if (word_is(s->words[i], "gtp") || word_is(s->words[i], "gtpext"))
            set_be16(&s->b, at + 2, n - 8);
    }
}

static inline struct bytes build_stack(const char *line, const char *payload)
{
    struct stack s = {.count = 0, .b = {.big = true}};
    while (*line != '\0') {
        const char *next = line + strcspn(line, " ");
        next += strspn(next, " ");
        assert(s.count < STACK_MAX);
        put_word(&s, line, *next != '\0' ? next : NULL);
        line = next;
    }
    put_text(&s.b, payload);
    set_lengths(&s);
    return s.b;
}

#endif
