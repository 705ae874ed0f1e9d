#include "proxy-lite/config/reader.h"

#include <assert.h>

/* ---- forms ---- */

static const char *kind_text(const struct mt_node *n)
{
    return n->kind == MT_NODE_LIST  ? "a list"
           : n->kind == MT_NODE_MAP ? "a mapping"
                                    : "a single value";
}

void mt_config_unfit(struct mt_config_reader *r, const char *name,
                     const struct mt_config_type *type, const struct mt_node *n)
{
    if (n->kind == MT_NODE_SCALAR)
        MT_WRONG(r, n, "'%s' is '%s'; it wants %s", name, mt_show(n->text).text,
                 type->wanted);
    else
        MT_WRONG(r, n, "'%s' is %s; it wants %s", name, kind_text(n),
                 type->wanted);
}

bool mt_config_fits(struct mt_config_reader *r,
                    const struct mt_config_type *type, const char *name,
                    const struct mt_node *n)
{
    if (mt_node_is_null(n))
        MT_WRONG(r, n, "'%s' has no value; it wants %s", name, type->wanted);
    else if ((n->kind & type->kinds) == 0)
        mt_config_unfit(r, name, type, n);
    else
        return true;
    return false;
}

const struct mt_node *mt_config_first(const struct mt_node *n)
{
    return n->kind == MT_NODE_LIST ? n->first : n;
}

const struct mt_node *mt_config_next(const struct mt_node *n,
                                     const struct mt_node *item)
{
    return n->kind == MT_NODE_LIST ? item->next : NULL;
}

uint32_t mt_config_count(const struct mt_node *n)
{
    return n->kind == MT_NODE_LIST ? n->count : 1;
}

/* ---- keys ---- */

static bool key_is_text(struct mt_config_reader *r, const struct mt_node *key)
{
    if (key->kind == MT_NODE_SCALAR)
        return true;
    MT_WRONG(r, key, "a key is expected here, not %s", kind_text(key));
    return false;
}

static const struct mt_config_key *find_row(const struct mt_config_type *type,
                                            struct mt_span name)
{
    for (uint32_t i = 0; i < type->keys_count; i++)
        if (mt_span_eq(name, mt_span_str(type->keys[i].name)))
            return &type->keys[i];
    return NULL;
}

static void unknown_key(struct mt_config_reader *r,
                        const struct mt_config_type *type,
                        const struct mt_node *key)
{
    const char *known[MT_CONFIG_KEYS_MAX];
    uint8_t list[160];
    struct mt_buf all = mt_buf_of(list, sizeof list - 1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < type->keys_count; i++) {
        if ((type->keys[i].flags & MT_KEY_NOT_YET) != 0)
            continue;
        mt_put_str(&all, n > 0 ? ", " : "");
        mt_put_str(&all, type->keys[i].name);
        known[n++] = type->keys[i].name;
    }
    list[all.len] = '\0';
    const char *meant = mt_suggest(key->text, known, n);
    if (meant != NULL)
        MT_WRONG(r, key, "unknown key '%s'; did you mean '%s'?",
                 mt_show(key->text).text, meant);
    else
        MT_WRONG(r, key, "unknown key '%s'; known here: %s",
                 mt_show(key->text).text, (const char *)list);
}

/* Its place in the values, if it may stand here. */
static bool place(struct mt_config_reader *r, const struct mt_config_type *type,
                  const struct mt_node *key, const struct mt_node **values)
{
    if (!key_is_text(r, key))
        return false;
    const struct mt_config_key *row = find_row(type, key->text);
    if (row == NULL) {
        unknown_key(r, type, key);
        return false;
    }
    if ((row->flags & MT_KEY_NOT_YET) != 0) {
        MT_WRONG(r, key, "'%s' does not work yet; leave it out", row->name);
        return false;
    }
    const struct mt_node **at = &values[row - type->keys];
    if (*at != NULL) {
        MT_WRONG(r, key, "'%s' is given twice; the first stands at line %u",
                 row->name, (unsigned)(*at)->line);
        return false;
    }
    *at = key->next;
    return true;
}

uint32_t mt_config_read_keys(struct mt_config_reader *r,
                             const struct mt_config_type *type,
                             const struct mt_node *map, void *out)
{
    const struct mt_node *values[MT_CONFIG_KEYS_MAX] = {NULL};
    uint32_t seen = 0;
    assert(type->keys_count <= MT_CONFIG_KEYS_MAX);
    for (const struct mt_node *k = map->first; k != NULL; k = k->next->next)
        (void)place(r, type, k, values);
    for (uint32_t i = 0; i < type->keys_count; i++) {
        const struct mt_config_key *row = &type->keys[i];
        if (values[i] == NULL) {
            if ((row->flags & MT_KEY_REQUIRED) != 0)
                MT_WRONG(r, map, "'%s' is missing; it wants %s", row->name,
                         row->type->wanted);
            continue;
        }
        seen |= 1u << i;
        if (mt_config_fits(r, row->type, row->name, values[i]))
            row->type->read(r, row, values[i], out);
    }
    return seen;
}

void mt_config_read_map(struct mt_config_reader *r,
                        const struct mt_config_key *key,
                        const struct mt_node *n, void *out)
{
    (void)mt_config_read_keys(r, key->type, n, (uint8_t *)out + key->offset);
}

/* ---- maps with free keys ---- */

enum { TWIN_SLOTS = 1 << 12, FREE_KEYS_MAX = TWIN_SLOTS / 2 };

static uint32_t hash_of(struct mt_span s)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < s.len; i++)
        h = (h ^ s.ptr[i]) * 16777619u;
    return h;
}

bool mt_config_no_twins(struct mt_config_reader *r, const struct mt_node *map)
{
    const struct mt_node *slots[TWIN_SLOTS] = {NULL};
    bool good = true;
    uint32_t n = 0;
    for (const struct mt_node *k = map->first; k != NULL; k = k->next->next) {
        if (!key_is_text(r, k))
            return false;
        if (n++ == FREE_KEYS_MAX) {
            MT_WRONG(r, k, "more than %d names", FREE_KEYS_MAX);
            return false;
        }
        uint32_t at = hash_of(k->text) % TWIN_SLOTS;
        while (slots[at] != NULL && !mt_span_eq(slots[at]->text, k->text))
            at = (at + 1) % TWIN_SLOTS;
        if (slots[at] != NULL) {
            MT_WRONG(r, k, "'%s' is given twice; the first stands at line %u",
                     mt_show(k->text).text, (unsigned)slots[at]->line);
            good = false;
        }
        slots[at] = k;
    }
    return good;
}

/* ---- keeping ---- */

void mt_config_too_many(struct mt_config_reader *r, const struct mt_node *n,
                        const char *what, uint32_t most, uint32_t have)
{
    if (have < most)
        r->no_memory = true;
    else if (r->too_many != what)
        MT_WRONG(r, n,
                 "more than %u %s: so many are read; spread them over several "
                 "proxies",
                 most, what);
    r->too_many = what;
}

void *mt_config_alloc(struct mt_config_reader *r, size_t count, size_t size)
{
    void *memory = mt_policy_alloc(r->policy, count, size);
    if (memory == NULL)
        r->no_memory = true;
    return memory;
}

struct mt_span mt_config_copy(struct mt_config_reader *r, struct mt_span text)
{
    struct mt_span out = {.ptr = NULL, .len = 0};
    if (!mt_policy_copy(r->policy, text, &out))
        r->no_memory = true;
    return out;
}

struct mt_span mt_config_copy_lower(struct mt_config_reader *r,
                                    struct mt_span text)
{
    uint8_t *copy = mt_config_alloc(r, text.len, 1);
    if (copy == NULL)
        return (struct mt_span){.ptr = NULL, .len = 0};
    for (size_t i = 0; i < text.len; i++)
        copy[i] = mt_ascii_lower(text.ptr[i]);
    return (struct mt_span){.ptr = copy, .len = text.len};
}

/* ---- what several keys want ---- */

enum { SUGGEST_MAX = 200 }; /* names that are compared, for the time it takes */

static struct mt_span nearest_service(const struct mt_policy *p,
                                      struct mt_span name)
{
    struct mt_span best = {.ptr = NULL, .len = 0};
    size_t least = SIZE_MAX;
    if (p->services_count > SUGGEST_MAX)
        return best;
    for (uint32_t i = 0; i < p->services_count; i++) {
        size_t distance = mt_edits(name, p->services[i]->name);
        if (distance < least && mt_edits_near(name, distance)) {
            least = distance;
            best = p->services[i]->name;
        }
    }
    return best;
}

uint32_t mt_config_service(struct mt_config_reader *r, const struct mt_node *n)
{
    const struct mt_policy_service *s =
        mt_policy_find_service(r->policy, n->text);
    if (s != NULL)
        return s->index;
    struct mt_span meant = nearest_service(r->policy, n->text);
    if (meant.len > 0)
        MT_WRONG(r, n, "there is no service '%s'; did you mean '%s'?",
                 mt_show(n->text).text, mt_show(meant).text);
    else
        MT_WRONG(r, n, "there is no service '%s'; add it to 'services'",
                 mt_show(n->text).text);
    return MT_POLICY_NONE;
}

const struct mt_regex *mt_config_regex(struct mt_config_reader *r,
                                       const struct mt_node *n)
{
    const struct mt_regex *regex = NULL;
    struct mt_regex_error error = {0};
    if (mt_policy_regex(r->policy, n->text, &regex, &error) == 0)
        return regex;
    if (r->policy->regexes_count == MT_POLICY_REGEXES_MAX) {
        MT_WRONG(r, n, "more than %d patterns", MT_POLICY_REGEXES_MAX);
        return NULL;
    }
    if (error.text[0] == '\0')
        r->no_memory = true;
    else
        MT_WRONG(r, n, "the pattern '%s' is wrong at its byte %zu: %s",
                 mt_show(n->text).text, error.at + 1,
                 mt_show(mt_span_str(error.text)).text);
    return NULL;
}

bool mt_config_name(struct mt_config_reader *r, const struct mt_node *n)
{
    bool good = n->text.len > 0 && n->text.len <= 253;
    for (size_t i = 0; good && i < n->text.len; i++)
        good = n->text.ptr[i] > 0x20 && n->text.ptr[i] != 0x7f;
    if (!good)
        MT_WRONG(r, n, "'%s' is no name; write 1 to 253 bytes without spaces",
                 mt_show(n->text).text);
    return good;
}

bool mt_is_token(struct mt_span s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i], lower = mt_ascii_lower(c);
        bool plain = (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
        if (!plain && (c == 0 || strchr(others, c) == NULL))
            return false;
    }
    return s.len > 0;
}

bool mt_is_field_value(struct mt_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.ptr[i] < 0x20 && s.ptr[i] != '\t') || s.ptr[i] == 0x7f)
            return false;
    return s.len == 0 || (s.ptr[0] > ' ' && s.ptr[s.len - 1] > ' ');
}
