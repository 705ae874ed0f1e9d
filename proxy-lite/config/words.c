#include "proxy-lite/config/words.h"

#include "base/rc.h"
#include "base/text.h"
#include "base/text_addr.h"

#define DURATION_MAX_NS MT_POLICY_S(365 * 86400)
#define DURATION_SCHEMA                                         \
    "{\"type\":\"string\",\"pattern\":\"^([0-9]+(\\\\.[0-9]+)?" \
    "(ns|us|ms|s|m|h|d|w))+$\"}"

static void *at(const struct mt_config_key *key, void *out)
{
    return (uint8_t *)out + key->offset;
}

/* ---- durations ---- */

static bool duration_of(struct mt_span text, int64_t *ns)
{
    int64_t v;
    if (mt_parse_duration(text, &v) != 0 || v <= 0 || v > DURATION_MAX_NS)
        return false;
    *ns = v;
    return true;
}

static void read_duration(MT_READ_ARGS)
{
    int64_t ns;
    if (duration_of(n->text, &ns))
        memcpy(at(key, out), &ns, sizeof ns);
    else
        mt_config_unfit(r, key->name, key->type, n);
}

const struct mt_config_type mt_type_duration = {
    .name = "duration",
    .wanted = "a duration such as 250ms or 2s",
    .kinds = MT_NODE_SCALAR,
    .read = read_duration,
    .scalar = DURATION_SCHEMA};

static void read_timeout(MT_READ_ARGS)
{
    int64_t none = 0;
    if (mt_span_eq(n->text, MT_SPAN("none")) ||
        mt_span_eq(n->text, MT_SPAN("0")) || mt_span_eq(n->text, MT_SPAN("0s")))
        memcpy(at(key, out), &none, sizeof none);
    else
        read_duration(r, key, n, out);
}

const struct mt_config_type mt_type_timeout = {
    .name = "timeout",
    .wanted = "a duration such as 250ms or 2s, or none",
    .kinds = MT_NODE_SCALAR,
    .read = read_timeout,
    .scalar =
        "{\"anyOf\":[{\"const\":\"none\"},{\"const\":0}," DURATION_SCHEMA "]}"};

/* `25ms..250ms`; one duration is both. */
static bool range_of(struct mt_span text, int64_t range[2])
{
    size_t dots = 0;
    while (dots + 1 < text.len &&
           !(text.ptr[dots] == '.' && text.ptr[dots + 1] == '.'))
        dots++;
    if (dots + 1 >= text.len) {
        range[1] = 0;
        bool good = duration_of(text, &range[0]);
        range[1] = range[0];
        return good;
    }
    struct mt_span first = mt_span_take(&text, dots);
    (void)mt_span_take(&text, 2);
    return duration_of(first, &range[0]) && duration_of(text, &range[1]) &&
           range[0] <= range[1];
}

static void read_range(MT_READ_ARGS)
{
    int64_t range[2] = {0, 0};
    if (range_of(n->text, range))
        memcpy(at(key, out), range, sizeof range);
    else
        mt_config_unfit(r, key->name, key->type, n);
}

const struct mt_config_type mt_type_range = {
    .name = "range",
    .wanted = "two durations, the shorter first, such as 25ms..250ms",
    .kinds = MT_NODE_SCALAR,
    .read = read_range,
    .scalar = "{\"type\":\"string\",\"pattern\":\"^[0-9][0-9a-z.]*$\"}"};

/* ---- numbers ---- */

static bool number_of(struct mt_span text, uint64_t least, uint64_t most,
                      uint64_t *v)
{
    return mt_parse_u64(text, v) == 0 && *v >= least && *v <= most;
}

static void read_u32(struct mt_config_reader *r,
                     const struct mt_config_key *key, const struct mt_node *n,
                     uint64_t least, void *out)
{
    uint64_t v;
    if (number_of(n->text, least, MT_POLICY_WEIGHT_MAX, &v)) {
        uint32_t small = (uint32_t)v;
        memcpy(at(key, out), &small, sizeof small);
    } else {
        mt_config_unfit(r, key->name, key->type, n);
    }
}

static void read_count(MT_READ_ARGS)
{
    read_u32(r, key, n, 1, out);
}

static void read_number(MT_READ_ARGS)
{
    read_u32(r, key, n, 0, out);
}

const struct mt_config_type mt_type_count = {
    .name = "count",
    .wanted = "a number from 1 to 1000000",
    .kinds = MT_NODE_SCALAR,
    .read = read_count,
    .scalar = "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000}"};

const struct mt_config_type mt_type_number = {
    .name = "number",
    .wanted = "a number from 0 to 1000000",
    .kinds = MT_NODE_SCALAR,
    .read = read_number,
    .scalar = "{\"type\":\"integer\",\"minimum\":0,\"maximum\":1000000}"};

static void read_percent(MT_READ_ARGS)
{
    struct mt_span text = n->text;
    uint64_t v;
    if (text.len > 0 && text.ptr[text.len - 1] == '%')
        text.len--;
    if (number_of(text, 0, 100, &v)) {
        uint32_t small = (uint32_t)v;
        memcpy(at(key, out), &small, sizeof small);
    } else {
        mt_config_unfit(r, key->name, key->type, n);
    }
}

const struct mt_config_type mt_type_percent = {
    .name = "percent",
    .wanted = "a percentage from 0 to 100, such as 20 or 20%",
    .kinds = MT_NODE_SCALAR,
    .read = read_percent,
    .scalar = "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0,\"maximum\":"
              "100},{\"type\":\"string\",\"pattern\":\"^[0-9]{1,3}%$\"}]}"};

static void read_port(MT_READ_ARGS)
{
    uint64_t v;
    if (number_of(n->text, 1, UINT16_MAX, &v)) {
        uint16_t port = (uint16_t)v;
        memcpy(at(key, out), &port, sizeof port);
    } else {
        mt_config_unfit(r, key->name, key->type, n);
    }
}

const struct mt_config_type mt_type_port = {
    .name = "port",
    .wanted = "a port from 1 to 65535",
    .kinds = MT_NODE_SCALAR,
    .read = read_port,
    .scalar = "{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535}"};

/* ---- words ---- */

int mt_word_index(const char *const *words, struct mt_span text)
{
    for (int i = 0; words[i] != NULL; i++)
        if (mt_span_eq(text, mt_span_str(words[i])))
            return i;
    return -1;
}

void mt_config_read_word(MT_READ_ARGS)
{
    const char *const *words = key->type->words;
    int i = mt_word_index(words, n->text);
    size_t count = 0;
    if (i >= 0) {
        *(uint8_t *)at(key, out) = (uint8_t)i;
        return;
    }
    while (words[count] != NULL)
        count++;
    const char *meant = mt_suggest(n->text, words, count);
    if (meant != NULL)
        MT_WRONG(r, n, "'%s' is '%s'; did you mean '%s'?", key->name,
                 mt_show(n->text).text, meant);
    else
        mt_config_unfit(r, key->name, key->type, n);
}

/* ---- texts ---- */

static void keep(struct mt_config_reader *r, const struct mt_config_key *key,
                 struct mt_span text, void *out)
{
    struct mt_span copy = mt_config_copy(r, text);
    memcpy(at(key, out), &copy, sizeof copy);
}

static void read_name(MT_READ_ARGS)
{
    if (mt_config_name(r, n))
        keep(r, key, n->text, out);
}

const struct mt_config_type mt_type_name = {
    .name = "name",
    .wanted = "a name",
    .kinds = MT_NODE_SCALAR,
    .read = read_name,
    .scalar = "{\"type\":\"string\",\"minLength\":1,\"maxLength\":253}"};

static void read_text(MT_READ_ARGS)
{
    (void)r;
    keep(r, key, n->text, out);
}

const struct mt_config_type mt_type_text = {.name = "text",
                                            .wanted = "a text",
                                            .kinds = MT_NODE_SCALAR,
                                            .read = read_text,
                                            .scalar = "{\"type\":\"string\"}"};

bool mt_is_path(struct mt_span s)
{
    bool good = s.len > 0 && s.len <= MT_POLICY_PATH_MAX && s.ptr[0] == '/';
    for (size_t i = 0; good && i < s.len; i++)
        good = s.ptr[i] > 0x20 && s.ptr[i] < 0x7f && s.ptr[i] != '?' &&
               s.ptr[i] != '#';
    return good;
}

bool mt_config_unencoded(struct mt_config_reader *r, const struct mt_node *n)
{
    char bytes[256];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes - 1);
    bool any = false;
    for (size_t i = 0; i < n->text.len; i++) {
        uint8_t c = n->text.ptr[i];
        if (c < 0x80) {
            mt_put_span(&b, (struct mt_span){n->text.ptr + i, 1});
            continue;
        }
        any = true;
        mt_put_char(&b, '%');
        mt_put_char(&b, "0123456789ABCDEF"[c >> 4]);
        mt_put_char(&b, "0123456789ABCDEF"[c & 15]);
    }
    if (any)
        MT_WRONG(r, n,
                 "'%s' matches nothing, for a path is compared as it is sent; "
                 "write %s",
                 mt_show(n->text).text,
                 b.full ? "its bytes above 7F as %XX"
                        : mt_show(mt_buf_span(&b)).text);
    return any;
}

/* ---- hosts and endpoints ---- */

static bool is_dns_name(struct mt_span s)
{
    size_t label = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i], lower = mt_ascii_lower(c);
        if (c == '.' && label > 0 && i + 1 < s.len) {
            label = 0;
            continue;
        }
        bool good = (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') ||
                    c == '-' || c == '_';
        if (!good || ++label > 63)
            return false;
    }
    return s.len > 0 && s.len <= 253;
}

bool mt_is_host(struct mt_span s, bool suffix_may)
{
    uint8_t ip[16];
    if (suffix_may && mt_span_starts(s, MT_SPAN("*.")))
        (void)mt_span_take(&s, 2);
    if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']')
        return mt_parse_ip((struct mt_span){s.ptr + 1, s.len - 2}, ip) == 0;
    return is_dns_name(s);
}

static void read_host(MT_READ_ARGS)
{
    if (!mt_is_host(n->text, false)) {
        mt_config_unfit(r, key->name, key->type, n);
        return;
    }
    struct mt_span copy = mt_config_copy_lower(r, n->text);
    memcpy(at(key, out), &copy, sizeof copy);
}

const struct mt_config_type mt_type_host = {
    .name = "host",
    .wanted = "a host name such as api.example, without a port",
    .kinds = MT_NODE_SCALAR,
    .read = read_host,
    .scalar = "{\"type\":\"string\"}"};

bool mt_parse_endpoint(struct mt_span text, struct mt_policy_endpoint *out)
{
    struct mt_policy_endpoint e = {.port = 0};
    uint64_t port;
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return false;
    e.host = (struct mt_span){text.ptr, colon - 1};
    struct mt_span digits = {text.ptr + colon, text.len - colon};
    if (!number_of(digits, 1, UINT16_MAX, &port))
        return false;
    e.port = (uint16_t)port;
    if (mt_parse_ip_port(text, e.ip, &e.port) == 0) {
        if (e.host.ptr[0] == '[') {
            e.host.ptr++;
            e.host.len -= 2;
        }
    } else if (!is_dns_name(e.host)) {
        return false;
    }
    *out = e;
    return true;
}
