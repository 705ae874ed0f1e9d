/* meshtop proxy: what a mesh would do, before it does it. */
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/proxy_mesh.h"
#include "cli/proxy_run.h"
#include "cli/proxy_tui.h"
#include "cli/say.h"
#include "proxy-lite/config/config.h"
#include "proxy-lite/policy/explain.h"

/* ---- what is asked ---- */

static int check(const char *label, const struct mt_policy *p)
{
    mt_proxy_mesh_warn(label, p);
    printf("%s: right: %u listener%s, %u service%s, %u route%s\n", label,
           p->listeners_count, p->listeners_count == 1 ? "" : "s",
           p->services_count, p->services_count == 1 ? "" : "s",
           p->routes_count, p->routes_count == 1 ? "" : "s");
    return MT_EXIT_OK;
}

static int to_stdout(void *arg, struct mt_span bytes)
{
    (void)arg;
    return fwrite(bytes.ptr, 1, bytes.len, stdout) == bytes.len ? 0 : -1;
}

static int explain(const struct mt_policy *p, char **words, int count)
{
    static struct mt_out out;
    struct mt_policy_explain_request q;
    if (count == 0 || !mt_policy_explain_parse(p, mt_span_str(words[0]), &q)) {
        mt_say(count == 0 ? "explain" : words[0],
               "a request is wanted; write \"GET http://host/path\"");
        return MT_EXIT_USAGE;
    }
    for (int i = 1; i < count; i++)
        if (!mt_policy_explain_header(&q, mt_span_str(words[i]))) {
            mt_say(words[i],
                   "a header is wanted; write \"name: value\", at "
                   "most %d of them",
                   MT_POLICY_EXPLAIN_FIELDS_MAX);
            return MT_EXIT_USAGE;
        }
    struct mt_regex_scratch *scratch = mt_regex_scratch_new();
    if (scratch == NULL) {
        mt_say("explain", "no memory");
        return MT_EXIT_ERROR;
    }
    mt_out_init(&out, (struct mt_sink){to_stdout, NULL});
    (void)mt_policy_explain(p, &q.request, scratch, &out);
    mt_regex_scratch_free(scratch);
    return mt_out_flush(&out) == 0 ? MT_EXIT_OK : MT_EXIT_ERROR;
}

static int usage(const char *what)
{
    mt_say(NULL, "%s; see meshtop proxy --help", what);
    return MT_EXIT_USAGE;
}

static int no_mesh(const char *word)
{
    mt_say(word, "is no mesh; write LISTEN=ENDPOINT, such as "
                 "8080=localhost:3000, or -c FILE");
    return MT_EXIT_USAGE;
}

/* Takes the policy. */
static int run(const struct mt_options *o, struct mt_policy *p,
               const struct mt_proxy_source *source)
{
    int rc;
    bool asked = source->words < o->operands_count;
    if (!asked && !o->check)
        return o->tui ? mt_proxy_tui(o, p, source)
                      : mt_proxy_run(o, p, source, NULL);
    if (!asked)
        rc = check(source->label, p);
    else if (strcmp(o->operands[source->words], "explain") == 0)
        rc = explain(p, o->operands + source->words + 1,
                     o->operands_count - source->words - 1);
    else
        rc = usage("a LISTEN=ENDPOINT or explain is wanted");
    mt_policy_free(p);
    return rc;
}

static int run_file(const struct mt_options *o)
{
    struct mt_proxy_source source = {.label = o->config};
    source.text = mt_proxy_mesh_text(o->config, &source.length);
    if (source.text == NULL)
        return MT_EXIT_ERROR;
    struct mt_policy *p = mt_proxy_mesh_read(
        o->config,
        (struct mt_span){(const uint8_t *)source.text, source.length});
    int rc = p != NULL ? run(o, p, &source) : MT_EXIT_USAGE;
    free(source.text);
    return rc;
}

int mt_command_proxy(const struct mt_options *o)
{
    int words = 0;
    while (words < o->operands_count && mt_config_is_word(o->operands[words]))
        words++;
    if (o->config != NULL && words > 0)
        return usage("a mesh is a file (-c) or words of the command line, not "
                     "both");
    if (o->config == NULL && words == 0 && o->operands_count > 0 &&
        strcmp(o->operands[0], "explain") != 0)
        return no_mesh(o->operands[0]);
    if (o->config == NULL && words == 0)
        return usage("a mesh is wanted: -c FILE, or 8080=localhost:3000");
    if (o->web != NULL && o->write == NULL)
        return usage("--web serves what is recorded: name a database with -w");
    if (o->config != NULL)
        return run_file(o);
    struct mt_policy *p =
        mt_proxy_mesh_words((const char *const *)o->operands, (size_t)words);
    const struct mt_proxy_source source = {.label = o->operands[0],
                                           .words = words};
    return p != NULL ? run(o, p, &source) : MT_EXIT_USAGE;
}
