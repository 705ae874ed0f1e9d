/**
 * config.h - a mesh as people write it, made into a policy: docs/proxy.md.
 *
 *     struct mt_config_problems problems;
 *     struct mt_policy *p = mt_config_read(text, &problems);
 *     if (p == NULL)
 *         each of problems.list: FILE:line:column: text
 *     mt_policy_free(p);
 *
 * A policy is made whole or not at all: what is wrong with a text leaves the
 * one in force as it is. YAML, in the words of MESH.md and, in further
 * documents, `kind: HTTPRoute` and `kind: GRPCRoute` of the Gateway API.
 */
#ifndef MT_PROXY_LITE_CONFIG_CONFIG_H
#define MT_PROXY_LITE_CONFIG_CONFIG_H

#include "base/out.h"
#include "proxy-lite/config/problems.h"
#include "proxy-lite/policy/model.h"

enum { MT_CONFIG_BYTES_MAX = 1 << 20 }; /* of one file */

/* NULL: problems->list says what is wrong, in the order of the text. */
struct mt_policy *mt_config_read(struct mt_span yaml,
                                 struct mt_config_problems *problems);

/**
 * A mesh in words of the command line, one a listener:
 *
 *     8080=localhost:3000                   one service
 *     8080=10.0.0.5:80,10.0.0.6:80          one service, two endpoints
 *     8080=v1:3001*90,v2:3002*10            two services, by weight
 *     0.0.0.0:8080=[::1]:3000               on every address
 *     tcp:5432=db:5432                      bytes, whatever they are
 *
 * A port alone listens on 127.0.0.1. Problems are of line = number of the
 * word, column = byte in it, both from 1.
 */
struct mt_policy *mt_config_read_words(const char *const *words, size_t count,
                                       struct mt_config_problems *problems);

/* Is it such a word, rather than the name of a file or of a command? */
bool mt_config_is_word(const char *word);

/* The JSON schema (draft 2020-12) of the file, for editors. */
void mt_config_schema(struct mt_out *out);

#endif
