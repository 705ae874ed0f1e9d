/* meshtop interfaces: what can be captured on. */
#include <string.h>

#include "capture/interfaces.h"
#include "capture/link.h"
#include "cli/printer.h"
#include "cli/say.h"

static struct mt_value text(const char *s)
{
    return (struct mt_value){
        .unit = MT_UNIT_TEXT, .known = s[0] != '\0', .text = mt_span_str(s)};
}

#define GET(name, expression)                                                  \
    static struct mt_value get_##name(const void *row, struct mt_buf *scratch) \
    {                                                                          \
        const struct mt_interface *r = row;                                    \
        (void)scratch;                                                         \
        return text(expression);                                               \
    }

GET(name, r->name)
GET(state, r->state)
GET(addresses, r->addresses)
GET(link, mt_link_name(r->link_type))
GET(description, r->description)

#define COLUMN(key_, title_, help_, priority_, width_, get_)                  \
    {                                                                         \
        .key = (key_), .title = (title_), .help = (help_),                    \
        .unit = MT_UNIT_TEXT, .priority = (priority_), .max_width = (width_), \
        .get = (get_)                                                         \
    }

static const struct mt_column columns[] = {
    COLUMN("interface", "NAME", "as -i takes it", 1, 0, get_name),
    COLUMN("state", "STATE", "up, down, or up without a carrier", 2, 0,
           get_state),
    COLUMN("addresses", "ADDRESSES", "its own", 3, 64, get_addresses),
    COLUMN("link_type", "LINK", "how its packets begin", 4, 0, get_link),
    COLUMN("description", "DESCRIPTION", "in libpcap's words", 5, 64,
           get_description),
};

static const struct mt_screen screen = {"interfaces", columns,
                                        sizeof columns / sizeof columns[0]};

int mt_command_interfaces(const struct mt_options *o)
{
    struct mt_interfaces list;
    struct mt_printer out;
    int rc = mt_interfaces_list(&list);
    if (rc != 0) {
        mt_say("interfaces", "%s", strerror(-rc));
        return MT_EXIT_ERROR;
    }
    mt_printer_open(&out, stdout, &screen, o->format);
    mt_printer_head(&out, NULL);
    for (size_t i = 0; i < list.count && (o->limit == 0 || i < o->limit); i++)
        mt_printer_row(&out, &list.rows[i]);
    mt_interfaces_deinit(&list);
    return mt_printer_close(&out) == 0 ? MT_EXIT_OK : MT_EXIT_ERROR;
}
