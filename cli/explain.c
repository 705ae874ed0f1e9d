/* meshtop explain: why an exchange ended as it did, and what words mean. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/text_addr.h"
#include "base/text_escape.h"
#include "base/text_time.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "cli/view.h"
#include "decode/explain.h"
#include "decode/outcome.h"

enum { LINE_BYTES = 16384 };

static void explain_outcomes(void)
{
    puts("The first row that applies decides.\n");
    for (unsigned i = 0; i < mt_outcome_rules_count; i++) {
        const struct mt_outcome_rule *r = &mt_outcome_rules[i];
        printf("%-13s %s\n%14s%s\n", mt_outcome_text(r->outcome), r->when, "",
               r->why);
    }
    puts("\nsuccess = (ok + client_error) / (ok + client_error + failure); "
         "unknown is shown apart");
}

static void explain_filter(void)
{
    puts("field = value, with = != > >= < <= ~ (regular expression) !~ and "
         "in (a, b),\njoined by and, or, not and parentheses; a word alone is "
         "part of host or path;\nlast 5m is the newest stretch.\n\n"
         "  status=5xx and lat>250ms and path~\"^/api\"\n");
    for (unsigned i = 0; i < MT_FILTER_FIELD_COUNT; i++) {
        const struct mt_filter_field_info *f = mt_filter_field_info(i);
        printf("  %-24s %s\n  %-24s %s\n", f->aliases, f->help, "", f->name);
    }
}

static void explain_columns(void)
{
    static const struct mt_screen *const screens[] = {
        &mt_screen_services, &mt_screen_edges, &mt_screen_routes,
        &mt_screen_series, &mt_screen_exchanges};
    puts("Key in JSON and CSV, title in tables (w: with -o wide), meaning.");
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++) {
        printf("\n%s\n", screens[i]->name);
        for (size_t c = 0; c < screens[i]->count; c++) {
            const struct mt_column *col = &screens[i]->columns[c];
            printf("  %-20s %-12s %s %s\n", col->key, col->title,
                   col->wide ? "w" : " ", col->help);
        }
    }
}

/* ---- one exchange ---- */

struct line {
    char bytes[LINE_BYTES];
    struct mt_buf b;
};

static void begin(struct line *l, const char *label)
{
    l->b = mt_buf_of(l->bytes, sizeof l->bytes);
    mt_put_str(&l->b, label);
}

static void put_text(struct line *l, const char *before, struct mt_span text)
{
    if (text.len == 0)
        return;
    mt_put_str(&l->b, before);
    (void)mt_put_escaped(&l->b, text, SIZE_MAX);
}

static void end(struct line *l)
{
    (void)fwrite(l->bytes, 1, l->b.len, stdout);
    (void)fputc('\n', stdout);
}

static void put_title(struct line *l, const struct mt_exchange *x)
{
    begin(l, " ");
    put_text(l, "", x->method);
    put_text(l, " ", x->scheme);
    put_text(l, x->scheme.len > 0 ? "://" : " ", x->authority);
    put_text(l, x->authority.len > 0 ? "" : " ", x->path);
    put_text(l, "?", x->query);
    if (x->method.len + x->path.len == 0)
        mt_put_str(&l->b, mt_protocol_text(x->protocol));
    mt_put_str(&l->b, " \xe2\x86\x92 ");
    const char *grpc = mt_grpc_status_text(x->grpc_status);
    struct mt_span dns = mt_exchange_attr(x, MT_ATTR_DNS_RESPONSE_CODE);
    if (x->status != 0)
        mt_put_decimal(&l->b, x->status);
    else if (dns.len > 0)
        put_text(l, "", dns);
    else
        mt_put_str(&l->b, "no status");
    if (grpc != NULL) {
        mt_put_char(&l->b, ' ');
        mt_put_str(&l->b, grpc);
    }
    int64_t latency = mt_exchange_duration_ns(x);
    if (latency >= 0) {
        mt_put_str(&l->b, " after ");
        mt_put_latency(&l->b, latency);
    }
    end(l);
}

static void put_party(struct line *l, const struct mt_party *p)
{
    if (p->service.len > 0) {
        put_text(l, "", p->service);
        mt_put_str(&l->b, " (");
    }
    mt_put_ip_port(&l->b, p->addr.ip, p->addr.port);
    if (p->service.len > 0)
        mt_put_char(&l->b, ')');
}

static void put_parties(struct line *l, const struct mt_exchange *x)
{
    begin(l, " who        ");
    put_party(l, &x->client);
    mt_put_str(&l->b, " \xe2\x86\x92 ");
    put_party(l, &x->server);
    mt_put_str(&l->b, ", ");
    mt_put_str(&l->b, mt_protocol_text(x->protocol));
    mt_put_str(&l->b, ", connection ");
    mt_put_decimal(&l->b, x->conn);
    end(l);
}

static void put_phase(struct line *l, const char *name, int64_t from,
                      int64_t to)
{
    if (from == 0 || to == 0)
        return;
    mt_put_str(&l->b, name);
    mt_put_latency(&l->b, to > from ? to - from : 0);
}

static void put_phases(struct line *l, const struct mt_exchange *x)
{
    begin(l, " phases     request ");
    if (x->req.start_ns == 0)
        mt_put_str(&l->b, "not seen");
    put_phase(l, "", x->req.start_ns, x->req.end_ns);
    put_phase(l, ", waiting ", x->req.end_ns, x->resp.start_ns);
    put_phase(l, ", response ", x->resp.start_ns, x->resp.end_ns);
    end(l);
    begin(l, " ended      ");
    mt_put_rfc3339(&l->b, x->end_ns, mt_local_offset_s(x->end_ns), 6);
    end(l);
}

static void put_sizes(struct line *l, const char *label,
                      const struct mt_message *m)
{
    begin(l, label);
    mt_put_bytes(&l->b, m->header_bytes);
    mt_put_str(&l->b, " headers, ");
    mt_put_bytes(&l->b, m->body_bytes);
    mt_put_str(&l->b, " body");
    put_text(l, " ", m->content_type);
    if (m->messages > 0) {
        mt_put_str(&l->b, ", ");
        mt_put_count(&l->b, m->messages);
        mt_put_str(&l->b, m->messages == 1 ? " message" : " messages");
    }
    end(l);
}

/* The sentences of explain.h, one a line, under each other. */
static void put_why(const struct mt_exchange *x)
{
    uint8_t bytes[MT_EXPLAIN_BYTES];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    mt_explain(x, &b);
    struct mt_span rest = mt_buf_span(&b);
    for (bool first = true; rest.len > 0; first = false) {
        struct mt_span line = mt_span_take(&rest, mt_span_find(rest, '\n'));
        if (rest.len > 0)
            (void)mt_span_take(&rest, 1);
        printf("%s%.*s\n", first ? " why        " : "            ",
               (int)line.len, (const char *)line.ptr);
    }
}

static void put_trace(struct line *l, const struct mt_exchange *x)
{
    static const uint8_t none[16];
    if (memcmp(x->trace_id, none, 16) == 0 && x->request_id.len == 0)
        return;
    begin(l, " trace      ");
    if (memcmp(x->trace_id, none, 16) != 0) {
        mt_put_hex(&l->b, x->trace_id, 16);
        mt_put_str(&l->b, " span ");
        mt_put_hex(&l->b, x->span_id, 8);
        mt_put_char(&l->b, ' ');
    }
    put_text(l, "request id ", x->request_id);
    end(l);
}

static void put_fields(struct line *l, const char *title,
                       const struct mt_fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        begin(l, i == 0 ? title : "            ");
        put_text(l, "", fields->list[i].name);
        put_text(l, ": ", fields->list[i].value);
        end(l);
    }
}

static void explain_exchange(const struct mt_exchange *x)
{
    static struct line l;
    put_title(&l, x);
    put_why(x);
    put_parties(&l, x);
    put_phases(&l, x);
    put_sizes(&l, " request    ", &x->req);
    put_sizes(&l, " response   ", &x->resp);
    put_trace(&l, x);
    put_fields(&l, " sent       ", &x->req_fields);
    put_fields(&l, " answered   ", &x->resp_fields);
}

static int explain_id(const struct mt_options *o, uint64_t id)
{
    struct mt_options plain = *o;
    struct mt_view v;
    struct mt_rows *rows = NULL;
    const struct mt_exchange *x;
    plain.operands_count = 0; /* the id is no filter */
    int rc = mt_view_open(&v, &plain, MT_VIEW_ROWS);
    if (rc == 0) {
        int found = mt_query_exchange(v.store, id, &rows, &x);
        if (found == 0)
            explain_exchange(x);
        else
            rc = mt_view_failed(&v, found);
        mt_rows_free(rows);
    }
    mt_view_close(&v);
    return rc;
}

int mt_command_explain(const struct mt_options *o)
{
    const char *topic = o->operands_count == 1 ? o->operands[0] : "";
    uint64_t id;
    if (strcmp(topic, "outcome") == 0)
        explain_outcomes();
    else if (strcmp(topic, "filter") == 0)
        explain_filter();
    else if (strcmp(topic, "columns") == 0)
        explain_columns();
    else if (mt_parse_u64(mt_span_str(topic), &id) == 0)
        return explain_id(o, id);
    else {
        mt_say(NULL, "explain what? write outcome, filter, columns, or the "
                     "id of an exchange (meshtop tail shows them)");
        return MT_EXIT_USAGE;
    }
    return MT_EXIT_OK;
}
