/**
 * names_file.h - the names that people give: docs/names.md.
 *
 * A YAML file maps addresses, networks and ports to services and to clients.
 * It is read once, whole, and is small: 1 MiB, 10 000 addresses.
 *
 *     struct mt_names_file *f;
 *     char why[MT_NAMES_WHY_BYTES];
 *     if (mt_names_file_load(&f, "names.yaml", &pool, why) != 0)
 *         die("%s", why);        // names.yaml:3:5: what is wrong; what to do
 *     struct mt_span name = mt_names_file_service(f, &addr);
 *     mt_names_file_free(f);
 */
#ifndef MT_CAPTURE_NAMES_FILE_H
#define MT_CAPTURE_NAMES_FILE_H

#include "base/pool.h"
#include "decode/exchange.h"

enum {
    MT_NAMES_FILE_MAX_BYTES = 1 << 20,
    MT_NAMES_FILE_MAX_RULES = 10000,
    MT_NAME_MAX_BYTES = 253,
    MT_NAMES_WHY_BYTES = 512,
};

struct mt_names_file;

/**
 * Read a file's text. label names it in messages.
 * Returns 0; -EINVAL where it is wrong, -ENOMEM at the ceiling: *out is NULL
 * and why holds one line.
 */
int mt_names_file_read(struct mt_names_file **out, struct mt_span yaml,
                       const char *label, struct mt_pool *pool,
                       char why[MT_NAMES_WHY_BYTES]);

/* The same from a path. Returns also -errno of opening or reading it. */
int mt_names_file_load(struct mt_names_file **out, const char *path,
                       struct mt_pool *pool, char why[MT_NAMES_WHY_BYTES]);

void mt_names_file_free(struct mt_names_file *f);

/* The name of what listens there: the longest network wins, then a rule with
 * that port over one without. Empty: none. Borrowed until free, as below. */
struct mt_span mt_names_file_service(const struct mt_names_file *f,
                                     const struct mt_addr *addr);

/**
 * The name of a caller: of `clients:`, else that of the services at its
 * address, where they are one service. The port does not count.
 */
struct mt_span mt_names_file_client(const struct mt_names_file *f,
                                    const struct mt_addr *addr);

#endif
