#include "proxy-lite/policy/explain_words.h"

static void route_name(struct mt_out *o, const struct mt_policy_route *r)
{
    if (r->name.len > 0) {
        mt_words_quote(o, r->name);
    } else {
        mt_words_say(o, "route ");
        mt_words_number(o, (uint64_t)r->index + 1);
    }
    if (r->line > 0) {
        mt_words_say(o, " (line ");
        mt_words_number(o, r->line);
        mt_words_say(o, ")");
    }
}

/* ---- what an entry matches ---- */

static void path_words(struct mt_out *o, const struct mt_policy_match *m)
{
    static const char *const before[] = {
#define X(name, function, word, shown, fails, help) shown,
        MT_PATH_MATCHES(X)
#undef X
    };
    mt_words_say(o, before[m->path_how]);
    mt_words_quote(o, m->path);
    mt_words_say(o, m->path_how == MT_PATH_PREFIX ? "/*" : "");
}

static void field_words(struct mt_out *o, const char *what,
                        const struct mt_policy_field_match *m)
{
    static const char *const words[] = {
#define X(name, function, word, holds, fails, help) holds,
        MT_COMPARISONS(X)
#undef X
    };
    mt_words_say(o, what);
    mt_words_quote(o, m->name);
    mt_words_say(o, words[m->how]);
    mt_words_quote(o, m->value);
}

static void entry_words(struct mt_out *o, const struct mt_policy_entry *e)
{
    const struct mt_policy_match *m = e->match;
    bool any = false;
    if (e->host->text.len > 0) {
        mt_words_say(o, mt_words_comma(&any));
        mt_words_say(o, e->host->suffix ? "host *" : "host ");
        mt_words_quote(o, e->host->text);
    }
    if (m->path_how != MT_PATH_ANY) {
        mt_words_say(o, mt_words_comma(&any));
        path_words(o, m);
    }
    if (m->grpc) {
        mt_words_say(o, mt_words_comma(&any));
        mt_words_say(o, "gRPC");
    }
    if (m->methods_count > 0) {
        mt_words_say(o, mt_words_comma(&any));
        mt_words_say(o, "method ");
        mt_words_list(o, m->methods, m->methods_count);
    }
    for (uint32_t i = 0; i < m->headers_count; i++) {
        mt_words_say(o, mt_words_comma(&any));
        field_words(o, "header ", &m->headers[i]);
    }
    for (uint32_t i = 0; i < m->query_count; i++) {
        mt_words_say(o, mt_words_comma(&any));
        field_words(o, "query ", &m->query[i]);
    }
    mt_words_say(o, any ? "" : "everything");
}

static void line_of(struct mt_out *o, const char *mark,
                    const struct mt_policy_entry *e)
{
    mt_words_say(o, mark);
    route_name(o, e->route);
    mt_words_say(o, ": ");
    entry_words(o, e);
    mt_words_say(o, "\n");
}

/* ---- in one line, for rows ---- */

/* What is longer than a rule may be is cut, on the border of a character. */
static int take_rule(void *arg, struct mt_span bytes)
{
    struct mt_buf *rule = arg;
    size_t room = rule->cap - rule->len;
    if (bytes.len > room) {
        bytes.len = room;
        while (bytes.len > 0 && (bytes.ptr[bytes.len] & 0xc0) == 0x80)
            bytes.len--;
    }
    mt_put_span(rule, bytes);
    return 0;
}

bool mt_policy_name_entries(struct mt_policy *p)
{
    struct mt_out out;
    for (uint32_t i = 0; i < p->entries_count; i++) {
        uint8_t bytes[MT_POLICY_RULE_MAX];
        struct mt_buf rule = mt_buf_of(bytes, sizeof bytes);
        mt_out_init(&out, (struct mt_sink){take_rule, &rule});
        route_name(&out, p->entries[i].route);
        mt_words_say(&out, ": ");
        entry_words(&out, &p->entries[i]);
        (void)mt_out_flush(&out);
        if (!mt_policy_copy(p, mt_buf_span(&rule), &p->entries[i].rule))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

static void request_words(struct mt_out *o, const struct mt_policy *p,
                          const struct mt_policy_request *r)
{
    mt_words_quote(o, r->method);
    mt_words_say(o, " ");
    mt_words_quote(o, r->scheme);
    mt_words_say(o, "://");
    mt_words_quote(o, r->host);
    mt_words_quote(o, r->path);
    if (r->query.len > 0) {
        mt_words_say(o, "?");
        mt_words_quote(o, r->query);
    }
    if (r->listener < p->listeners_count) {
        mt_words_say(o, " on listener ");
        mt_words_quote(o, p->listeners[r->listener]->name);
    }
    mt_words_say(o, "\n\n");
}

static void why_not(struct mt_out *o, const struct mt_policy_entry *e,
                    const struct mt_policy_request *r,
                    struct mt_regex_scratch *s,
                    const struct mt_match_part *part)
{
    uint8_t bytes[MT_WORDS_BYTES];
    struct mt_buf why = mt_buf_of(bytes, sizeof bytes);
    part->why_not(e, r, s, &why);
    mt_words_say(o, "           ");
    mt_words_say(o, part->name);
    mt_words_say(o, ": ");
    mt_words_quote(o, mt_buf_span(&why));
    mt_words_say(o, why.full ? "...\n" : "\n");
}

const struct mt_policy_entry *
mt_policy_explain(const struct mt_policy *p, const struct mt_policy_request *r,
                  struct mt_regex_scratch *scratch, struct mt_out *out)
{
    const struct mt_policy_entry *taken = NULL;
    request_words(out, p, r);
    for (uint32_t i = 0; i < p->entries_count; i++) {
        const struct mt_policy_entry *e = &p->entries[i];
        const struct mt_match_part *part = mt_match_fails(e, r, scratch);
        if (part != NULL) {
            line_of(out, "  no       ", e);
            why_not(out, e, r, scratch, part);
        } else if (taken == NULL) {
            line_of(out, "  matches  ", e);
            taken = e;
        } else {
            line_of(out, "  later    ", e);
        }
    }
    mt_words_say(out, "\n");
    if (taken == NULL) {
        mt_words_say(out, r->grpc ? "respond  UNIMPLEMENTED: no route matches\n"
                                  : "respond  404: no route matches\n");
        return NULL;
    }
    mt_words_say(out, "route    ");
    route_name(out, taken->route);
    mt_words_say(out, "\n");
    mt_explain_action(out, p, taken, r);
    return taken;
}
