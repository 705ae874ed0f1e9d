/* The table as a JSON schema: https://json-schema.org/draft/2020-12. */
#include <assert.h>

#include "base/json.h"
#include "proxy-lite/config/config.h"
#include "proxy-lite/config/parts.h"

enum { TYPES_MAX = 96 };

struct schema {
    struct mt_out *out;
    const struct mt_config_type *types[TYPES_MAX];
    uint32_t count;
};

static void collect(struct schema *s, const struct mt_config_type *type)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->types[i] == type)
            return;
    assert(s->count < TYPES_MAX);
    s->types[s->count++] = type;
    for (uint32_t i = 0; i < type->keys_count; i++)
        if (type->keys[i].type != NULL)
            collect(s, type->keys[i].type);
    if (type->item != NULL)
        collect(s, type->item);
}

static void name(struct schema *s, const char *text)
{
    mt_out_char(s->out, '"');
    mt_out_str(s->out, text);
    mt_out_char(s->out, '"');
}

static void reference(struct schema *s, const struct mt_config_type *type)
{
    mt_out_str(s->out, "{\"$ref\":\"#/$defs/");
    mt_out_str(s->out, type->name);
    mt_out_str(s->out, "\"}");
}

static void words(struct schema *s, const char *const *list)
{
    mt_out_str(s->out, "{\"enum\":[");
    for (size_t i = 0; list[i] != NULL; i++) {
        mt_out_str(s->out, i > 0 ? "," : "");
        name(s, list[i]);
    }
    mt_out_str(s->out, "]}");
}

static void one_key(struct schema *s, const struct mt_config_key *key)
{
    mt_out_str(s->out, "\n    ");
    name(s, key->name);
    mt_out_str(s->out, ":{\"description\":");
    mt_json_string(s->out, mt_span_str(key->help));
    mt_out_str(s->out, ",\"allOf\":[");
    reference(s, key->type);
    mt_out_str(s->out, "]}");
}

static void map_form(struct schema *s, const struct mt_config_type *type)
{
    uint32_t n = 0;
    mt_out_str(s->out, "{\"type\":\"object\",\"additionalProperties\":");
    if (type->keys == NULL) {
        reference(s, type->item);
        mt_out_char(s->out, '}');
        return;
    }
    mt_out_str(s->out, "false,\"properties\":{");
    for (uint32_t i = 0; i < type->keys_count; i++) {
        if (type->keys[i].type == NULL)
            continue;
        mt_out_str(s->out, n++ > 0 ? "," : "");
        one_key(s, &type->keys[i]);
    }
    mt_out_char(s->out, '}');
    n = 0;
    for (uint32_t i = 0; i < type->keys_count; i++) {
        if ((type->keys[i].flags & MT_KEY_REQUIRED) == 0)
            continue;
        mt_out_str(s->out, n++ > 0 ? "," : ",\"required\":[");
        name(s, type->keys[i].name);
    }
    mt_out_str(s->out, n > 0 ? "]}" : "}");
}

/* The forms of a type, any of them. */
static void definition(struct schema *s, const struct mt_config_type *type)
{
    const char *between = "";
    name(s, type->name);
    mt_out_str(s->out, ":{\"anyOf\":[");
    if (type->words != NULL) {
        words(s, type->words);
        between = ",";
    }
    if (type->scalar != NULL) {
        mt_out_str(s->out, between);
        mt_out_str(s->out, type->scalar);
        between = ",";
    }
    if ((type->kinds & MT_NODE_LIST) != 0) {
        mt_out_str(s->out, between);
        mt_out_str(s->out, "{\"type\":\"array\",\"items\":");
        reference(s, type->item);
        mt_out_char(s->out, '}');
        between = ",";
    }
    if ((type->kinds & MT_NODE_MAP) != 0) {
        mt_out_str(s->out, between);
        map_form(s, type);
    }
    mt_out_str(s->out, "]}");
}

void mt_config_schema(struct mt_out *out)
{
    struct schema s = {.out = out};
    collect(&s, &mt_type_mesh);
    mt_out_str(out, "{\"$schema\":\"https://json-schema.org/draft/2020-12/"
                    "schema\",\n\"title\":\"meshtop proxy\",\n"
                    "\"$ref\":\"#/$defs/mesh\",\n\"$defs\":{\n");
    for (uint32_t i = 0; i < s.count; i++) {
        mt_out_str(out, i > 0 ? ",\n" : "");
        definition(&s, s.types[i]);
    }
    mt_out_str(out, "}}\n");
}
