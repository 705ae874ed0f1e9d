/* The command line that gives the same rows. */
#include "base/text.h"
#include "web/answer.h"

/* Quoted for a shell where it has to be. */
static void put_word(struct mt_buf *b, struct mt_span word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:@%+,";
    bool quoted = word.len == 0;
    for (size_t i = 0; i < word.len && !quoted; i++)
        quoted = memchr(plain, word.ptr[i], sizeof plain - 1) == NULL;
    if (!quoted) {
        mt_put_span(b, word);
        return;
    }
    mt_put_char(b, '\'');
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] == '\'')
            mt_put_str(b, "'\\''");
        else
            mt_put_u8(b, word.ptr[i]);
    }
    mt_put_char(b, '\'');
}

static void put_option(struct mt_buf *b, const char *option,
                       struct mt_span value)
{
    if (value.len == 0)
        return;
    mt_put_str(b, option);
    put_word(b, value);
}

static void put_moment(struct mt_buf *b, const char *option, int64_t ns)
{
    char text[24];
    struct mt_buf d = mt_buf_of(text, sizeof text);
    mt_put_signed(&d, ns);
    put_option(b, option, mt_buf_span(&d));
}

/* The commands take no --last beside the others. */
static void put_window(struct mt_buf *b, const struct mt_web_question *q)
{
    const struct mt_web_params *p = q->params;
    bool bound = p->since.len > 0 || p->until.len > 0;
    if (bound && p->window_ns > 0) {
        put_moment(b, " --since=", q->ask.from_ns);
        put_moment(b, " --until=", q->ask.to_ns);
        return;
    }
    put_option(b, " --since=", p->since);
    put_option(b, " --until=", p->until);
    if (p->window_ns > 0) {
        char text[32];
        struct mt_buf d = mt_buf_of(text, sizeof text);
        mt_put_duration(&d, (int64_t)p->window_ns);
        put_option(b, " --last ", mt_buf_span(&d));
    }
}

void mt_web_put_both(struct mt_buf *b, struct mt_span filter,
                     struct mt_span term)
{
    bool both = filter.len > 0 && term.len > 0;
    mt_put_str(b, both ? "(" : "");
    mt_put_span(b, filter);
    mt_put_str(b, both ? ") and " : "");
    mt_put_span(b, term);
}

static void put_filter(struct mt_buf *b, const struct mt_web_question *q,
                       const char *and_also)
{
    char text[MT_WEB_COMMAND_BYTES / 2];
    struct mt_buf whole = mt_buf_of(text, sizeof text);
    if (q->filter == NULL && and_also == NULL)
        return;
    mt_web_put_both(&whole, q->filter != NULL ? q->params->filter : MT_SPAN(""),
                    mt_span_str(and_also != NULL ? and_also : ""));
    mt_put_char(b, ' ');
    put_word(b, mt_buf_span(&whole));
}

static void put_source(struct mt_buf *b, const struct mt_web_site *site)
{
    for (size_t i = 0; i < site->read_count; i++)
        put_option(b, i == 0 ? " -r " : " ", mt_span_str(site->read[i]));
    if (site->read_count == 0 && site->db_named != NULL)
        put_option(b, " -d ", mt_span_str(site->db_named));
}

void mt_web_command_put(const struct mt_web_question *q,
                        const struct mt_web_command *c,
                        char text[MT_WEB_COMMAND_BYTES])
{
    struct mt_buf b = mt_buf_of(text, MT_WEB_COMMAND_BYTES - 1);
    text[0] = '\0';
    if (c->databases_only && q->site->read_count > 0)
        return;
    mt_put_str(&b, "meshtop ");
    mt_put_str(&b, c->verb);
    put_source(&b, q->site);
    if (!c->windowless)
        put_window(&b, q);
    if (c->options != NULL)
        mt_put_str(&b, c->options);
    if (c->limit > 0) {
        mt_put_str(&b, " -n ");
        mt_put_decimal(&b, c->limit);
    }
    if (c->options == NULL || strstr(c->options, " -o ") == NULL)
        mt_put_str(&b, " -o json");
    if (!c->windowless)
        put_filter(&b, q, c->and_also);
    text[b.full ? 0 : b.len] = '\0';
}
