/* meshtop serve: the page and its API, until interrupted. */
#include <poll.h>

#include "cli/say.h"
#include "cli/serving.h"
#include "cli/signals.h"
#include "cli/view.h"

int mt_command_serve(const struct mt_options *o)
{
    struct mt_serving s;
    if (o->operands_count > 0) {
        mt_say(NULL, "serve takes no '%s'; filters are given on the page",
               o->operands[0]);
        return MT_EXIT_USAGE;
    }
    mt_signals_catch();
    int rc = mt_serving_begin(&s, o, o->listen, mt_view_path(o));
    if (rc != 0)
        return rc;
    struct pollfd signal_fd = {.fd = mt_signals_descriptor(), .events = POLLIN};
    while (!mt_interrupted())
        (void)poll(&signal_fd, 1, 500);
    mt_serving_end(&s);
    return MT_EXIT_OK;
}
