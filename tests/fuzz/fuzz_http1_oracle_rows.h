/* The rows of docs/http1-oracle.md, as narrow as they can be told. */

/* A1 to A9: the grammar forbids it, the oracle takes it. */
enum {
    OURS_ALONE_REFUSES = MT_ANOMALY_BARE_LF |     /* A1 */
                         MT_ANOMALY_OBS_FOLD |    /* A2 */
                         MT_ANOMALY_NUL |         /* A3 */
                         MT_ANOMALY_CTL |         /* A3 */
                         MT_ANOMALY_SPACES |      /* A4 */
                         MT_ANOMALY_BAD_TARGET |  /* A5 */
                         MT_ANOMALY_BAD_VERSION | /* A6 */
                         MT_ANOMALY_BAD_TE,       /* A14 */
};

/* The line that begins where we stopped to understand. */
static struct mt_span refused_line(const struct ours *a, struct mt_span in)
{
    size_t from = a->log.count > 0 ? a->log.list[a->log.count - 1].end : 0;
    (void)mt_span_take(&in, from);
    while (in.len > 0 && (in.ptr[0] == '\r' || in.ptr[0] == '\n'))
        (void)mt_span_take(&in, 1);
    return (struct mt_span){in.ptr, mt_span_find(in, '\n')};
}

static bool contains(struct mt_span s, struct mt_span part)
{
    for (; s.len >= part.len; (void)mt_span_take(&s, 1))
        if (mt_span_starts(s, part))
            return true;
    return false;
}

/* A7: a request of HTTP/0.9, which has no version; A10: or misspells it. */
static bool is_http09(struct mt_span line)
{
    while (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    size_t space = mt_span_find(line, ' ');
    struct mt_span rest = {line.ptr + space, line.len - space};
    while (rest.len > 0 && rest.ptr[0] == ' ')
        (void)mt_span_take(&rest, 1);
    if (mt_span_find(rest, ' ') == rest.len) /* two words only */
        return true;
    return !(line.len > 9 &&
             contains((struct mt_span){line.ptr + line.len - 9, 9},
                      MT_SPAN(" HTTP/")));
}

/* A8: a CR that no LF follows ends a line for the oracle. */
static bool has_bare_cr(struct mt_span s)
{
    for (size_t i = 0; i + 1 < s.len; i++)
        if (s.ptr[i] == '\r' && s.ptr[i + 1] != '\n')
            return true;
    return false;
}

/* A9: a field name with a space in it, as its build without strictness has. */
static bool has_spaced_name(struct mt_span s)
{
    while (s.len > 0) {
        struct mt_span line = mt_span_take(&s, mt_span_find(s, '\n'));
        size_t space = mt_span_find(line, ' ');
        if (space > 0 && space < mt_span_find(line, ':'))
            return true;
        if (s.len > 0)
            (void)mt_span_take(&s, 1);
    }
    return false;
}

/* A10: that build reads any five bytes from H on as HTTP and a slash. */
static bool is_misspelt(struct mt_span line)
{
    return line.len > 0 && line.ptr[0] == 'H' &&
           !mt_span_starts(line, MT_SPAN("HTTP/"));
}

/* A12: a status of fewer digits than three, or below 100. */
static bool is_short_status(struct mt_span line)
{
    (void)mt_span_take(&line, line.len < 9 ? line.len : 9);
    while (line.len > 0 && line.ptr[0] == ' ')
        (void)mt_span_take(&line, 1);
    size_t digits = 0;
    while (digits < line.len && line.ptr[digits] >= '0' &&
           line.ptr[digits] <= '9')
        digits++;
    return digits > 0 && (digits < 3 || line.ptr[0] == '0');
}

static bool is_hex(uint8_t c)
{
    return c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;
}

/* A line that begins with a number, then a blank or an extension (A13); or in
 * which bytes above 127 are digits (A15: they are zeros to the oracle). */
static bool has_chunk_tail(struct mt_span s)
{
    while (s.len > 0) {
        struct mt_span line = mt_span_take(&s, mt_span_find(s, '\n'));
        size_t i = 0;
        bool high = false;
        for (; i < line.len && (is_hex(line.ptr[i]) || line.ptr[i] > 127); i++)
            high = high || line.ptr[i] > 127;
        bool tail =
            i > 0 && i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == ';');
        if (high || tail)
            return true;
        if (s.len > 0)
            (void)mt_span_take(&s, 1);
    }
    return false;
}

static bool in_header(const struct ours *a)
{
    const char *state = mt_http1_state_name(&a->parser);
    return strcmp(state, "start") == 0 || strcmp(state, "field") == 0;
}

static bool excused_refusal_by_us(const struct ours *a, struct mt_span in)
{
    size_t from = a->log.count > 0 ? a->log.list[a->log.count - 1].end : 0;
    struct mt_span rest = {in.ptr + from, in.len - from};
    if ((a->anomalies & OURS_ALONE_REFUSES) != 0)
        return true;
    if (strcmp(mt_http1_state_name(&a->parser), "tunnel") == 0)
        return true; /* C3: 101 without Upgrade ends HTTP/1 for us */
    if (a->log.now.connect && !in_header(a))
        return true; /* C2: for the oracle nothing frames what follows it */
    if (has_bare_cr(rest))
        return true;
    if (a->parser.side == MT_HTTP1_RESPONSES &&
        (a->anomalies & MT_ANOMALY_EMPTY_LINES) != 0)
        return true; /* A16 */
    if ((a->anomalies & MT_ANOMALY_BAD_NAME) != 0)
        return has_spaced_name(rest);
    /* A13: what follows a chunk's size is none of the oracle's business */
    if ((a->anomalies & MT_ANOMALY_BAD_CHUNK) != 0 && has_chunk_tail(rest))
        return true;
    /* A11: that build passes over any two bytes behind a chunk's data */
    if (strcmp(mt_http1_state_name(&a->parser), "chunk_end") == 0)
        return true;
    if (a->rc != MT_EPROTO ||
        (a->anomalies & ~(uint32_t)MT_ANOMALY_EMPTY_LINES) != 0)
        return false;
    struct mt_span line = refused_line(a, in);
    return a->parser.side == MT_HTTP1_REQUESTS
               ? is_http09(line)
               : is_misspelt(line) || is_short_status(line);
}

/* B2: the oracle takes a longer name for the field it begins with. */
static bool has_longer_name(struct mt_span s)
{
    static const struct mt_span name = {(const uint8_t *)"transfer-encoding",
                                        17};
    for (; s.len > name.len; (void)mt_span_take(&s, 1))
        if (mt_span_caseeq((struct mt_span){s.ptr, name.len}, name) &&
            s.ptr[name.len] != ':')
            return true;
    return false;
}

/* C1: the oracle reads content after a 1xx, 204 or 304 that has a length or a
 * coding; C2: and none after CONNECT. */
static bool excused_difference(const struct message *ours)
{
    return (ours->no_body || ours->connect) && ours->framed;
}

/* B5: the oracle knows no HTAB behind a chunk's size. */
static bool has_tab_in_chunk(struct mt_span s)
{
    for (size_t i = 1; i < s.len; i++)
        if (s.ptr[i] == '\t' && is_hex(s.ptr[i - 1]))
            return true;
    return false;
}

/* B1: the oracle has a list of methods; B3: and of what a URL may be. */
static bool excused_refusal_by_oracle(const struct ours *a,
                                      const struct oracle *b, struct mt_span in,
                                      enum http_errno e)
{
    /* B4: lengths in a trailer section frame messages for the oracle */
    const struct message *alone = &a->log.list[b->log.count];
    if (has_longer_name(in) || alone->framed_by_trailer ||
        excused_difference(alone))
        return true;
    switch (e) {
    case HPE_INVALID_METHOD:
        return true;
    case HPE_INVALID_CHUNK_SIZE:
        return has_tab_in_chunk(in);
    case HPE_INVALID_URL: {
        size_t from = b->log.count > 0 ? a->log.list[b->log.count - 1].end : 0;
        return contains((struct mt_span){in.ptr + from, in.len - from},
                        MT_SPAN("://"));
    }
    default:
        return false;
    }
}
