#include "capture/names_yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/suggest.h"
#include "capture/names_words.h"

static const char *const table_names[MT_NAMES_TABLES] = {"services", "clients"};

/* One reading. Every function returns 0, or a negative errno with why set. */
struct reading {
    yaml_parser_t yaml;
    yaml_event_t event; /* the current one */
    bool has_event;
    struct mt_names_tables *out;
    struct mt_pool *pool;
    const char *label;
    char *why;
    enum mt_names_table table;
    struct mt_span name;        /* whose rules are being read */
    struct mt_names_rules keys; /* names so far, to find repeated ones */
};

/* ---- messages ---- */

__attribute__((format(printf, 3, 4))) static int
wrong_at(struct reading *r, yaml_mark_t mark, const char *format, ...)
{
    int n = snprintf(r->why, MT_NAMES_WHY_BYTES, "%s:%zu:%zu: ", r->label,
                     mark.line + 1, mark.column + 1);
    if (n >= 0 && n < MT_NAMES_WHY_BYTES) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(r->why + n, (size_t)(MT_NAMES_WHY_BYTES - n), format,
                        args);
        va_end(args);
    }
    return -EINVAL;
}

static int no_memory(struct reading *r)
{
    (void)snprintf(r->why, MT_NAMES_WHY_BYTES,
                   "%s: no memory for its names; raise the memory ceiling",
                   r->label);
    return -ENOMEM;
}

static struct mt_span scalar(const struct reading *r)
{
    return (struct mt_span){.ptr = r->event.data.scalar.value,
                            .len = r->event.data.scalar.length};
}

static int unknown_key(struct reading *r, const char *const known[2])
{
    struct mt_span key = scalar(r);
    const char *meant = mt_suggest(key, known, 2);
    if (meant != NULL)
        return wrong_at(r, r->event.start_mark,
                        "unknown key '%s'; did you mean '%s'?",
                        mt_show(key).text, meant);
    return wrong_at(r, r->event.start_mark,
                    "unknown key '%s'; only '%s' and '%s' are known here",
                    mt_show(key).text, known[0], known[1]);
}

/* ---- events ---- */

static int next(struct reading *r)
{
    if (r->has_event)
        yaml_event_delete(&r->event);
    r->has_event = yaml_parser_parse(&r->yaml, &r->event) != 0;
    if (!r->has_event) {
        if (r->yaml.error == YAML_MEMORY_ERROR)
            return no_memory(r);
        const char *problem = r->yaml.problem;
        return wrong_at(r, r->yaml.problem_mark,
                        "not YAML: %s; check indentation and quotes there",
                        problem != NULL ? problem : "cannot be read");
    }
    const yaml_char_t *anchor = NULL;
    switch (r->event.type) {
    case YAML_ALIAS_EVENT:
        anchor = r->event.data.alias.anchor;
        break;
    case YAML_SCALAR_EVENT:
        anchor = r->event.data.scalar.anchor;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = r->event.data.sequence_start.anchor;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = r->event.data.mapping_start.anchor;
        break;
    default:
        break;
    }
    return anchor == NULL
               ? 0
               : wrong_at(r, r->event.start_mark,
                          "anchors and aliases are not read; write the "
                          "addresses out");
}

/* Nothing after the colon. */
static bool is_null(const struct reading *r)
{
    return r->event.type == YAML_SCALAR_EVENT &&
           r->event.data.scalar.plain_implicit &&
           (r->event.data.scalar.length == 0 ||
            mt_span_eq(scalar(r), MT_SPAN("~")) ||
            mt_span_eq(scalar(r), MT_SPAN("null")));
}

/* ---- one address ---- */

static int add_rule(struct reading *r, const struct mt_names_rule *rule)
{
    struct mt_names_rules *rules = &r->out->rules[r->table];
    if (r->out->rules[MT_NAMES_SERVICES].count +
            r->out->rules[MT_NAMES_CLIENTS].count ==
        MT_NAMES_FILE_MAX_RULES)
        return wrong_at(r, r->event.start_mark,
                        "more than %d addresses; use networks such as "
                        "10.1.0.0/16",
                        MT_NAMES_FILE_MAX_RULES);
    return mt_names_rules_add(rules, r->pool, rule) ? 0 : no_memory(r);
}

/* The current scalar is an address. */
static int read_place(struct reading *r)
{
    yaml_mark_t mark = r->event.start_mark;
    struct mt_names_rule rule = {.name = r->name,
                                 .line = (uint32_t)mark.line + 1,
                                 .column = (uint32_t)mark.column + 1};
    if (!mt_names_place(scalar(r), &rule))
        return wrong_at(r, mark,
                        "'%s' is no address; write 10.0.0.5, 10.0.0.5:8080, "
                        "10.0.0.0/8, \"[fd00::1]:8080\" or a port",
                        mt_show(scalar(r)).text);
    if (r->table == MT_NAMES_CLIENTS && rule.port != 0)
        return wrong_at(r, mark,
                        "a client has no port of its own; write the address "
                        "alone");
    return add_rule(r, &rule);
}

/* A scalar or a list of them; ends on its last event. */
static int read_places(struct reading *r)
{
    int rc = 0;
    if (r->event.type == YAML_SCALAR_EVENT)
        return read_place(r);
    if (r->event.type != YAML_SEQUENCE_START_EVENT)
        return wrong_at(r, r->event.start_mark,
                        "addresses are expected here; write one, or a list "
                        "such as [10.0.0.5:8080, 10.0.0.6:8080]");
    while ((rc = next(r)) == 0 && r->event.type != YAML_SEQUENCE_END_EVENT) {
        if (r->event.type != YAML_SCALAR_EVENT)
            return wrong_at(r, r->event.start_mark,
                            "an address is expected here; write 10.0.0.5 or "
                            "\"[fd00::1]:8080\" in quotes");
        rc = read_place(r);
        if (rc != 0)
            return rc;
    }
    return rc;
}

/* ---- one name ---- */

static int read_port(struct reading *r, uint16_t *port)
{
    *port = r->event.type == YAML_SCALAR_EVENT ? mt_names_port(scalar(r)) : 0;
    if (*port == 0)
        return wrong_at(r, r->event.start_mark,
                        "a port is a number from 1 to 65535");
    if (r->table == MT_NAMES_CLIENTS)
        return wrong_at(r, r->event.start_mark,
                        "a client has no port of its own; leave 'port' out");
    return 0;
}

/* `port` may stand behind `addresses`: their rules get it afterwards. */
static int apply_port(struct reading *r, uint32_t first, uint16_t port,
                      yaml_mark_t mark)
{
    struct mt_names_rules *rules = &r->out->rules[r->table];
    if (rules->count == first) {
        struct mt_names_rule rule = {.name = r->name,
                                     .port = port,
                                     .line = (uint32_t)mark.line + 1,
                                     .column = (uint32_t)mark.column + 1};
        return add_rule(r, &rule);
    }
    for (uint32_t i = first; i < rules->count; i++) {
        if (rules->list[i].port != 0 && rules->list[i].port != port)
            return wrong_at(r, mark,
                            "an address above has another port; give it once");
        rules->list[i].port = port;
    }
    return 0;
}

struct details {
    bool seen[2]; /* addresses, port */
    uint16_t port;
    yaml_mark_t port_mark;
};

/* `addresses: ...` or `port: N`; the current event is the key. */
static int read_detail(struct reading *r, struct details *d)
{
    static const char *const known[] = {"addresses", "port"};
    if (r->event.type != YAML_SCALAR_EVENT)
        return wrong_at(r, r->event.start_mark,
                        "'addresses' or 'port' is expected here");
    bool is_port = mt_span_eq(scalar(r), mt_span_str(known[1]));
    if (!is_port && !mt_span_eq(scalar(r), mt_span_str(known[0])))
        return unknown_key(r, known);
    if (d->seen[is_port])
        return wrong_at(r, r->event.start_mark, "'%s' is given twice; keep one",
                        known[is_port ? 1 : 0]);
    d->seen[is_port] = true;
    int rc = next(r);
    if (rc != 0)
        return rc;
    if (!is_port)
        return read_places(r);
    d->port_mark = r->event.start_mark;
    return read_port(r, &d->port);
}

static int read_details(struct reading *r)
{
    struct details d = {.port = 0};
    uint32_t first = r->out->rules[r->table].count;
    yaml_mark_t mark = r->event.start_mark;
    int rc;

    while ((rc = next(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
        rc = read_detail(r, &d);
        if (rc != 0)
            return rc;
    }
    if (rc == 0 && d.port != 0)
        rc = apply_port(r, first, d.port, d.port_mark);
    if (rc == 0 && r->out->rules[r->table].count == first)
        return wrong_at(r, mark, "no addresses; give 'addresses' or 'port'");
    return rc;
}

static int read_name(struct reading *r)
{
    struct mt_span s = scalar(r);
    bool good = s.len > 0 && s.len <= MT_NAME_MAX_BYTES;
    for (size_t i = 0; good && i < s.len; i++)
        good = s.ptr[i] >= 0x20 && s.ptr[i] != 0x7f;
    if (!good)
        return wrong_at(r, r->event.start_mark,
                        "a name has 1 to %d bytes and no control characters",
                        MT_NAME_MAX_BYTES);
    if (!mt_arena_copy(&r->out->text, s, &r->name))
        return no_memory(r);
    struct mt_names_rule key = {.name = r->name,
                                .line = (uint32_t)r->event.start_mark.line + 1,
                                .column =
                                    (uint32_t)r->event.start_mark.column + 1};
    if (r->keys.count == MT_NAMES_FILE_MAX_RULES)
        return wrong_at(r, r->event.start_mark, "more than %d names",
                        MT_NAMES_FILE_MAX_RULES);
    return mt_names_rules_add(&r->keys, r->pool, &key) ? 0 : no_memory(r);
}

static int by_name(const void *left, const void *right)
{
    const struct mt_names_rule *a = left, *b = right;
    size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
    int order = memcmp(a->name.ptr, b->name.ptr, n);
    if (order != 0)
        return order;
    if (a->name.len != b->name.len)
        return a->name.len < b->name.len ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static int check_repeated(struct reading *r)
{
    struct mt_names_rules *k = &r->keys;
    if (k->count > 1)
        qsort(k->list, k->count, sizeof *k->list, by_name);
    for (uint32_t i = 1; i < k->count; i++) {
        const struct mt_names_rule *a = &k->list[i - 1], *b = &k->list[i];
        if (mt_span_eq(a->name, b->name))
            return wrong_at(
                r, (yaml_mark_t){.line = b->line - 1, .column = b->column - 1},
                "'%s' stands already at line %u; put its addresses together",
                mt_show(b->name).text, (unsigned)a->line);
    }
    k->count = 0;
    return 0;
}

/* `services:` or `clients:`: a name and its addresses each. */
static int read_table(struct reading *r)
{
    int rc;
    if (is_null(r))
        return 0;
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return wrong_at(r, r->event.start_mark,
                        "names with their addresses are expected; write for "
                        "example 'cart: 10.0.0.5:8080'");
    while ((rc = next(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
        if (r->event.type != YAML_SCALAR_EVENT)
            return wrong_at(r, r->event.start_mark, "a name is expected here");
        rc = read_name(r);
        if (rc == 0)
            rc = next(r);
        if (rc != 0)
            return rc;
        rc = r->event.type == YAML_MAPPING_START_EVENT ? read_details(r)
                                                       : read_places(r);
        if (rc != 0)
            return rc;
    }
    return rc == 0 ? check_repeated(r) : rc;
}

/* ---- the whole file ---- */

/* One of the two tables; the current event is its key. */
static int read_entry(struct reading *r, bool seen[MT_NAMES_TABLES])
{
    if (r->event.type != YAML_SCALAR_EVENT)
        return wrong_at(r, r->event.start_mark,
                        "'services:' or 'clients:' is expected here");
    int t = 0;
    while (t < MT_NAMES_TABLES &&
           !mt_span_eq(scalar(r), mt_span_str(table_names[t])))
        t++;
    if (t == MT_NAMES_TABLES)
        return unknown_key(r, table_names);
    if (seen[t])
        return wrong_at(r, r->event.start_mark,
                        "'%s' is given twice; put the names together",
                        table_names[t]);
    seen[t] = true;
    r->table = (enum mt_names_table)t;
    int rc = next(r);
    return rc == 0 ? read_table(r) : rc;
}

static int read_root(struct reading *r)
{
    bool seen[MT_NAMES_TABLES] = {false, false};
    int rc;
    if (is_null(r))
        return 0;
    if (r->event.type != YAML_MAPPING_START_EVENT)
        return wrong_at(r, r->event.start_mark,
                        "'services:' or 'clients:' is expected here");
    while ((rc = next(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
        rc = read_entry(r, seen);
        if (rc != 0)
            return rc;
    }
    return rc;
}

static int check_conflicts(struct reading *r)
{
    for (int t = 0; t < MT_NAMES_TABLES; t++) {
        const struct mt_names_rule *other = NULL;
        const struct mt_names_rule *rule =
            mt_names_rules_sort(&r->out->rules[t], &other);
        if (rule != NULL)
            return wrong_at(r,
                            (yaml_mark_t){.line = rule->line - 1,
                                          .column = rule->column - 1},
                            "this address is '%s' already, at line %u; it can "
                            "have one name",
                            mt_show(other->name).text, (unsigned)other->line);
    }
    return 0;
}

/* Stream, one document, end of stream. */
static int read_stream(struct reading *r)
{
    int rc = next(r);
    if (rc == 0)
        rc = next(r);
    if (rc != 0 || r->event.type == YAML_STREAM_END_EVENT)
        return rc; /* an empty file names nothing */
    rc = next(r);
    if (rc == 0)
        rc = read_root(r);
    if (rc == 0)
        rc = next(r); /* the document's end */
    if (rc == 0)
        rc = next(r);
    if (rc == 0 && r->event.type != YAML_STREAM_END_EVENT)
        return wrong_at(r, r->event.start_mark,
                        "a second document begins; keep one");
    return rc == 0 ? check_conflicts(r) : rc;
}

int mt_names_yaml_read(struct mt_names_tables *out, struct mt_span yaml,
                       const char *label, struct mt_pool *pool,
                       char why[MT_NAMES_WHY_BYTES])
{
    struct reading r = {.out = out, .pool = pool, .label = label};
    r.why = why;
    if (yaml_parser_initialize(&r.yaml) == 0)
        return no_memory(&r);
    yaml_parser_set_input_string(
        &r.yaml, yaml.len > 0 ? yaml.ptr : (const uint8_t *)"", yaml.len);
    int rc = read_stream(&r);
    if (r.has_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.yaml);
    mt_names_rules_deinit(&r.keys, pool);
    return rc;
}
