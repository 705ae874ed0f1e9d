/**
 * gateway.h - private to config/: parts of the Gateway API's documents.
 *
 * https://gateway-api.sigs.k8s.io/reference/spec/, v1. Each type reads into
 * the struct mt_policy_route of its rule.
 */
#ifndef MT_PROXY_LITE_CONFIG_GATEWAY_H
#define MT_PROXY_LITE_CONFIG_GATEWAY_H

#include "proxy-lite/config/parts.h"

extern const struct mt_config_type mt_gateway_matches;
extern const struct mt_config_type mt_gateway_grpc_matches;
extern const struct mt_config_type mt_gateway_filters;
extern const struct mt_config_type mt_gateway_backends;
extern const struct mt_config_type mt_gateway_timeouts;
extern const struct mt_config_type mt_gateway_retry;

/* Says something to people, or is read together with its neighbour. */
extern const struct mt_config_type mt_gateway_any;
extern const struct mt_config_type mt_gateway_word;

/* {type: ..., name: ..., value: ...} of headers and query parameters. */
extern const struct mt_config_type mt_gateway_field;

/* Is it there, and a single value (this one)? */
bool mt_gateway_is_text(const struct mt_node *n);
bool mt_gateway_is(const struct mt_node *n, const char *word);

/* The index of `type: WORD` in words, 0 where it is not given; -1: reported. */
int mt_gateway_type(struct mt_config_reader *r, const struct mt_node *map,
                    const char *const *words, const char *wanted);

#endif
