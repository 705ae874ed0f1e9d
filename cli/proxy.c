/* meshtop proxy: what a mesh would do, before it does it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/proxy_run.h"
#include "cli/say.h"
#include "proxy-lite/config/config.h"
#include "proxy-lite/policy/explain.h"
#include "proxy-lite/policy/shadow.h"

/* ---- where the mesh comes from ---- */

/* The text of a file or of standard input, in heap memory; NULL: said. One
 * byte more than the maximum is read, for the reader to refuse. */
static char *read_text(const char *path, size_t *length)
{
    enum { MOST = MT_CONFIG_BYTES_MAX + 1 };
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    char *text = f != NULL ? malloc(MOST) : NULL;
    if (text == NULL) {
        mt_say(path, "%s", f == NULL ? strerror(errno) : "no memory for it");
        if (f != NULL && f != stdin)
            (void)fclose(f);
        return NULL;
    }
    *length = fread(text, 1, MOST, f);
    bool failed = ferror(f) != 0;
    if (failed) {
        mt_say(path, "%s", strerror(errno));
        free(text);
    }
    if (f != stdin)
        (void)fclose(f);
    return failed ? NULL : text;
}

static void say_problems(const char *label, const char *const *words,
                         const struct mt_config_problems *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct mt_config_problem *one = &p->list[i];
        char where[1024];
        if (words != NULL)
            (void)snprintf(where, sizeof where, "%s:%u", words[one->line - 1],
                           one->column);
        else
            (void)snprintf(where, sizeof where, "%s:%u:%u", label, one->line,
                           one->column);
        mt_say(where, "%s", one->text);
    }
    if (p->more > 0)
        mt_say(label, "%u more problems are not shown; mend these first",
               p->more);
}

static struct mt_policy *from_file(const char *path, int *rc)
{
    struct mt_config_problems problems;
    size_t length = 0;
    char *text = read_text(path, &length);
    if (text == NULL) {
        *rc = MT_EXIT_ERROR;
        return NULL;
    }
    struct mt_policy *p = mt_config_read(
        (struct mt_span){(const uint8_t *)text, length}, &problems);
    free(text);
    if (p == NULL) {
        say_problems(strcmp(path, "-") == 0 ? "standard input" : path, NULL,
                     &problems);
        *rc = MT_EXIT_USAGE;
    }
    return p;
}

static struct mt_policy *from_words(const char *const *words, size_t count,
                                    int *rc)
{
    struct mt_config_problems problems;
    struct mt_policy *p = mt_config_read_words(words, count, &problems);
    if (p == NULL) {
        say_problems("the command line", words, &problems);
        *rc = MT_EXIT_USAGE;
    }
    return p;
}

/* ---- what is asked ---- */

/* Right, but hardly meant. */
static void warn_of_shadows(const char *label, const struct mt_policy *p)
{
    for (uint32_t i = 0; i < p->routes_count; i++) {
        const struct mt_policy_route *other =
            mt_policy_shadowed(p, p->routes[i]);
        if (other != NULL)
            mt_warn(label,
                    "no request reaches the route at line %u: that at line %u "
                    "takes the same",
                    p->routes[i]->line, other->line);
    }
}

static int check(const char *label, const struct mt_policy *p)
{
    warn_of_shadows(label, p);
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

static int run(const struct mt_options *o, const struct mt_policy *p,
               const char *label, int words)
{
    bool asked = words < o->operands_count;
    if (asked && strcmp(o->operands[words], "explain") == 0)
        return explain(p, o->operands + words + 1,
                       o->operands_count - words - 1);
    if (asked)
        return usage("a LISTEN=ENDPOINT or explain is wanted");
    if (o->check)
        return check(label, p);
    return mt_proxy_run(o, p);
}

int mt_command_proxy(const struct mt_options *o)
{
    int words = 0, rc = MT_EXIT_OK;
    while (words < o->operands_count && mt_config_is_word(o->operands[words]))
        words++;
    if (o->config != NULL && words > 0)
        return usage("a mesh is a file (-c) or words of the command line, not "
                     "both");
    if (o->config == NULL && words == 0)
        return usage("a mesh is wanted: -c FILE, or 8080=localhost:3000");
    struct mt_policy *p =
        o->config != NULL
            ? from_file(o->config, &rc)
            : from_words((const char *const *)o->operands, (size_t)words, &rc);
    if (p == NULL)
        return rc;
    rc = run(o, p, o->config != NULL ? o->config : o->operands[0], words);
    mt_policy_free(p);
    return rc;
}
