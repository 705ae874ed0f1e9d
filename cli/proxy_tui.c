#include "cli/proxy_tui.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text_addr.h"
#include "cli/dashboard.h"
#include "cli/proxy_run.h"
#include "cli/say.h"

/* Both as they were when the process was made. */
struct proxied {
    const struct mt_options *o;
    struct mt_policy *policy;
    const struct mt_proxy_source *source;
};

static int work(void *arg, const struct mt_options *o, void (*begun)(void *),
                void *context)
{
    const struct proxied *p = arg;
    struct mt_options mine = *p->o;
    mine.write = o->write;
    return mt_proxy_run(
        &mine, p->policy, p->source,
        &(struct mt_proxy_watch){.begun = begun, .context = context});
}

/* "proxy 127.0.0.1:8080 ..." */
static void put_name(const struct mt_policy *p, char *name, size_t size)
{
    struct mt_buf b = mt_buf_of(name, size - 1);
    mt_put_str(&b, "proxy");
    if (p->listeners_count > 0) {
        mt_put_char(&b, ' ');
        mt_put_ip_port(&b, p->listeners[0]->ip, p->listeners[0]->port);
    }
    mt_put_str(&b, p->listeners_count > 1 ? " ..." : "");
    name[b.len] = '\0';
}

/* Can it be shown here? */
static int check(const struct mt_options *o)
{
    if (!isatty(STDOUT_FILENO))
        mt_say("--tui", "needs a terminal; without one, look at -w DB with "
                        "meshtop -d DB");
    else if (o->access_log != NULL && strcmp(o->access_log, "-") == 0)
        mt_say("--access-log", "standard output is the screen; give it a file");
    else
        return 0;
    return MT_EXIT_USAGE;
}

int mt_proxy_tui(const struct mt_options *o, struct mt_policy *p,
                 const struct mt_proxy_source *source)
{
    struct proxied proxied = {o, p, source};
    struct mt_options shown = *o;
    char name[128];
    int rc = check(o);
    shown.operands_count = 0; /* they are the mesh, not a filter */
    put_name(p, name, sizeof name);
    if (rc == 0)
        rc = mt_dashboard_over(&shown, &(struct mt_feeder_work){work, &proxied},
                               name);
    mt_policy_free(p); /* the other process has its own */
    return rc;
}
