/* proxy_mesh.h - the mesh of `meshtop proxy` as text, and what is wrong with
 * it. */
#ifndef MT_CLI_PROXY_MESH_H
#define MT_CLI_PROXY_MESH_H

#include "base/span.h"
#include "proxy-lite/policy/model.h"

/* The text of a file or of standard input ("-"), in heap memory; NULL: said.
 * One byte more than the maximum is read, for the reader to refuse. */
char *mt_proxy_mesh_text(const char *path, size_t *length);

/* NULL: what is wrong was said, each with its place. */
struct mt_policy *mt_proxy_mesh_read(const char *path, struct mt_span text);
struct mt_policy *mt_proxy_mesh_words(const char *const *words, size_t count);

/* Right, but hardly meant. */
void mt_proxy_mesh_warn(const char *label, const struct mt_policy *p);

#endif
