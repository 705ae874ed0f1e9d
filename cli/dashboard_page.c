#include "cli/dashboard_page.h"

static bool is_served(const struct mt_dashboard_source *s)
{
    return s->serving.options != NULL;
}

/* Its port is taken before anything begins. */
int mt_dashboard_page_listen(struct mt_dashboard_source *s)
{
    const struct mt_options *o = s->options;
    int rc = o->web != NULL ? mt_serving_listen(&s->serving, o, o->web) : 0;
    if (rc != 0 || o->web == NULL)
        return rc;
    s->beside = *o;
    s->beside.page_port = s->serving.address.port;
    s->options = &s->beside;
    return 0;
}

/* What is the dashboard's alone has no name that a command could give. */
int mt_dashboard_page_open(struct mt_dashboard_source *s)
{
    bool nameless = s->directory[0] != '\0';
    const struct mt_serving_of what = {.db = s->path,
                                       .named = nameless ? "DB" : s->path,
                                       .label = "what is shown",
                                       .fixed = nameless};
    return is_served(s) ? mt_serving_open(&s->serving, &what) : 0;
}

int mt_dashboard_page_start(struct mt_dashboard_source *s)
{
    return is_served(s) ? mt_serving_start(&s->serving) : 0;
}
