#include "cli/packet_folders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/view.h"

int mt_packet_folders_init(struct mt_packet_folders *f,
                           const struct mt_options *o)
{
    *f = (struct mt_packet_folders){
        .list = calloc(o->captures_count + 1, sizeof *f->list)};
    if (f->list == NULL)
        return -ENOMEM;
    if (mt_options_sources(o) == 0) {
        const char *db = mt_view_path(o);
        size_t n = (size_t)(mt_packet_file_name(db) - db);
        f->beside = n > 0 ? strndup(db, n) : strdup(".");
        if (f->beside == NULL)
            return -ENOMEM;
        f->list[f->count++] = f->beside;
    }
    for (size_t i = 0; i < o->captures_count; i++)
        f->list[f->count++] = o->captures[i];
    return 0;
}

void mt_packet_folders_deinit(struct mt_packet_folders *f)
{
    free(f->beside);
    free(f->list);
    *f = (struct mt_packet_folders){0};
}

struct mt_packet_file mt_packet_file_of(const struct mt_source_row *row)
{
    return (struct mt_packet_file){.path = row->path,
                                   .size_bytes = row->size_bytes,
                                   .inode = row->inode,
                                   .first_ns = row->first_ns,
                                   .last_ns = row->last_ns};
}

const char *mt_packet_file_reason(enum mt_packet_file_rc rc)
{
    static const char *const reasons[] = {
        [MT_PACKET_FILE_FOUND] = "",
        [MT_PACKET_FILE_GONE] = "it is gone; name the folder it is in now with "
                                "--captures DIR",
        [MT_PACKET_FILE_CHANGED] = "it was changed since it was recorded; "
                                   "record it again",
        [MT_PACKET_FILE_NO_FILE] = "it was no file; keep its packets with "
                                   "record --ring DIR",
        [MT_PACKET_FILE_ROTATED] = "it was rotated out of its packet ring; "
                                   "keep more with record --ring-size",
    };
    return reasons[rc];
}
