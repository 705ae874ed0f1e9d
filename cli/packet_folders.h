/**
 * packet_folders.h - where the captures of a database are now.
 *
 *     rc = mt_packet_folders_init(&f, o);        // 0 or -ENOMEM
 *     found = mt_packet_file_find(&known, f.list, f.count, path);
 *     mt_packet_folders_deinit(&f);
 */
#ifndef MT_CLI_PACKET_FOLDERS_H
#define MT_CLI_PACKET_FOLDERS_H

#include "capture/packet_file.h"
#include "cli/options.h"
#include "store/query.h"

/* Folders that a file may have been moved to: beside the database first, then
 * those of --captures. */
struct mt_packet_folders {
    const char **list;
    size_t count;
    char *beside;
};

/* Options are borrowed as long as it lives. Deinit in every case. */
int mt_packet_folders_init(struct mt_packet_folders *f,
                           const struct mt_options *o);
void mt_packet_folders_deinit(struct mt_packet_folders *f);

/* What is known of a source, as a file. Borrowed from the row. */
struct mt_packet_file mt_packet_file_of(const struct mt_source_row *row);

/* Why a file is not there, and what to do. */
const char *mt_packet_file_reason(enum mt_packet_file_rc rc);

#endif
