#include <stddef.h>

#include "base/text.h"
#include "decode/dns.h"

struct word {
    uint16_t number;
    const char *text;
};

static const struct word types[] = {
    {1, "A"},        {2, "NS"},      {5, "CNAME"},       {6, "SOA"},
    {12, "PTR"},     {13, "HINFO"},  {15, "MX"},         {16, "TXT"},
    {17, "RP"},      {18, "AFSDB"},  {24, "SIG"},        {25, "KEY"},
    {28, "AAAA"},    {29, "LOC"},    {33, "SRV"},        {35, "NAPTR"},
    {36, "KX"},      {37, "CERT"},   {39, "DNAME"},      {41, "OPT"},
    {43, "DS"},      {44, "SSHFP"},  {45, "IPSECKEY"},   {46, "RRSIG"},
    {47, "NSEC"},    {48, "DNSKEY"}, {49, "DHCID"},      {50, "NSEC3"},
    {52, "TLSA"},    {53, "SMIMEA"}, {51, "NSEC3PARAM"}, {59, "CDS"},
    {60, "CDNSKEY"}, {62, "CSYNC"},  {61, "OPENPGPKEY"}, {63, "ZONEMD"},
    {64, "SVCB"},    {65, "HTTPS"},  {99, "SPF"},        {108, "EUI48"},
    {109, "EUI64"},  {249, "TKEY"},  {250, "TSIG"},      {251, "IXFR"},
    {252, "AXFR"},   {255, "ANY"},   {256, "URI"},       {257, "CAA"},
};

/* 16 is BADVERS of EDNS, and BADSIG inside a TSIG record only. */
static const struct word rcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},    {2, "SERVFAIL"}, {3, "NXDOMAIN"},
    {4, "NOTIMP"},   {5, "REFUSED"},    {6, "YXDOMAIN"}, {7, "YXRRSET"},
    {8, "NXRRSET"},  {9, "NOTAUTH"},    {10, "NOTZONE"}, {11, "DSOTYPENI"},
    {16, "BADVERS"}, {23, "BADCOOKIE"},
};

static const struct word classes[] = {
    {1, "IN"}, {3, "CH"}, {4, "HS"}, {254, "NONE"}, {255, "ANY"},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void put_word(struct mt_buf *b, const struct word *list, size_t count,
                     const char *otherwise, uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].number == number) {
            mt_put_str(b, list[i].text);
            return;
        }
    }
    mt_put_str(b, otherwise);
    mt_put_decimal(b, number);
}

void mt_dns_put_type(struct mt_buf *b, uint16_t type)
{
    put_word(b, types, COUNT(types), "TYPE", type);
}

void mt_dns_put_rcode(struct mt_buf *b, uint16_t rcode)
{
    put_word(b, rcodes, COUNT(rcodes), "RCODE", rcode);
}

void mt_dns_put_class(struct mt_buf *b, uint16_t class_)
{
    put_word(b, classes, COUNT(classes), "CLASS", class_);
}

const char *mt_dns_opcode_text(unsigned opcode)
{
    switch (opcode) {
    case MT_DNS_QUERY:
        return "QUERY";
    case MT_DNS_NOTIFY:
        return "NOTIFY";
    case MT_DNS_UPDATE:
        return "UPDATE";
    default:
        return "";
    }
}

static void put_byte(struct mt_buf *b, uint8_t c)
{
    if (c <= ' ' || c > '~') {
        mt_put_char(b, '\\');
        mt_put_padded(b, c, 3);
        return;
    }
    if (c == '.' || c == '\\')
        mt_put_char(b, '\\');
    mt_put_u8(b, c);
}

void mt_dns_put_name(struct mt_buf *b, const struct mt_dns_name *name)
{
    if (name->len == 0)
        mt_put_char(b, '.');
    struct mt_span rest = {name->wire, name->len};
    while (rest.len > 0) {
        size_t n = mt_span_take(&rest, 1).ptr[0];
        struct mt_span label = mt_span_take(&rest, n);
        for (size_t i = 0; i < label.len; i++)
            put_byte(b, label.ptr[i]);
        if (rest.len > 0)
            mt_put_char(b, '.');
    }
}
