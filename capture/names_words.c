#include "capture/names_words.h"

uint16_t mt_names_port(struct mt_span s)
{
    unsigned v = 0;
    if (s.len == 0 || s.len > 5)
        return 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return 0;
        v = v * 10 + (unsigned)(s.ptr[i] - '0');
    }
    return v <= UINT16_MAX ? (uint16_t)v : 0;
}

bool mt_names_place(struct mt_span s, struct mt_names_rule *rule)
{
    rule->port = 0;
    if (mt_parse_cidr(s, &rule->net) == 0)
        return true;
    rule->net.bits = 128;
    if (mt_parse_ip_port(s, rule->net.ip, &rule->port) == 0)
        return rule->port != 0;
    if (s.len > 0 && s.ptr[0] == ':')
        (void)mt_span_take(&s, 1);
    rule->net = (struct mt_cidr){.bits = 0};
    rule->port = mt_names_port(s);
    return rule->port != 0;
}
