#include "cli/proxy_mesh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "proxy-lite/config/config.h"
#include "proxy-lite/policy/shadow.h"

char *mt_proxy_mesh_text(const char *path, size_t *length)
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

struct mt_policy *mt_proxy_mesh_read(const char *path, struct mt_span text)
{
    struct mt_config_problems problems;
    struct mt_policy *p = mt_config_read(text, &problems);
    if (p == NULL)
        say_problems(strcmp(path, "-") == 0 ? "standard input" : path, NULL,
                     &problems);
    return p;
}

struct mt_policy *mt_proxy_mesh_words(const char *const *words, size_t count)
{
    struct mt_config_problems problems;
    struct mt_policy *p = mt_config_read_words(words, count, &problems);
    if (p == NULL)
        say_problems("the command line", words, &problems);
    return p;
}

void mt_proxy_mesh_warn(const char *label, const struct mt_policy *p)
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
