/**
 * parts.h - private to config/: the types of the file's larger parts, and
 * what the Kubernetes documents share with them.
 */
#ifndef MT_PROXY_LITE_CONFIG_PARTS_H
#define MT_PROXY_LITE_CONFIG_PARTS_H

#include "proxy-lite/config/words.h"

extern const struct mt_config_type mt_type_mesh; /* the whole file */
extern const struct mt_config_type mt_type_listeners;
extern const struct mt_config_type mt_type_services;
extern const struct mt_config_type mt_type_routes;
extern const struct mt_config_type mt_type_match;
extern const struct mt_config_type mt_type_header_matches;
extern const struct mt_config_type mt_type_query_matches;
extern const struct mt_config_type mt_type_split;
extern const struct mt_config_type mt_type_sticky;
extern const struct mt_config_type mt_type_redirect;
extern const struct mt_config_type mt_type_redirect_status;
extern const struct mt_config_type mt_type_scheme;
extern const struct mt_config_type mt_type_rewrite;
extern const struct mt_config_type mt_type_respond;
extern const struct mt_config_type mt_type_edits;
extern const struct mt_config_type mt_type_retry;
extern const struct mt_config_type mt_type_budget;
extern const struct mt_config_type mt_type_listener_names;
extern const struct mt_config_type mt_type_httproute;
extern const struct mt_config_type mt_type_grpcroute;

/* Fill a path match from a path and one of MT_PATH_EXACT, REGEX, PREFIX,
 * or report it. */
void mt_config_path(struct mt_config_reader *r, const struct mt_node *n,
                    unsigned how, struct mt_policy_match *m);

/* The gRPC match of a service and a method; NULL: any. Or report it. */
void mt_config_grpc(struct mt_config_reader *r, const struct mt_node *service,
                    const struct mt_node *method, struct mt_policy_match *m);

/* One header or query match; name and value as written. value may be NULL for
 * PRESENT and ABSENT. */
bool mt_config_field(struct mt_config_reader *r, const struct mt_node *name,
                     const struct mt_node *value, unsigned how,
                     struct mt_policy_field_match *m);

/* A header's name and value, to be set or added. */
bool mt_config_edit(struct mt_config_reader *r, const struct mt_node *name,
                    const struct mt_node *value, struct mt_policy_field *out);

/* A host or `*.suffix` of a match. */
bool mt_config_host(struct mt_config_reader *r, const struct mt_node *n,
                    struct mt_policy_host *out);

/* A method of a match or a retry. */
bool mt_config_method(struct mt_config_reader *r, const struct mt_node *n,
                      struct mt_span *out);

/* Read n, or each of its items, by `one` into an array of the policy. Returns
 * it, and in *count how many were right. */
void *mt_config_each(struct mt_config_reader *r, const struct mt_node *n,
                     size_t size,
                     bool (*one)(struct mt_config_reader *r,
                                 const struct mt_node *item, void *out),
                     uint32_t *count);

/* The same for a map with free keys. */
void *mt_config_each_pair(struct mt_config_reader *r, const struct mt_node *map,
                          size_t size,
                          bool (*one)(struct mt_config_reader *r,
                                      const struct mt_node *name,
                                      const struct mt_node *value, void *out),
                          uint32_t *count);

/* One more route; NULL: reported at n. */
struct mt_policy_route *mt_config_add_route(struct mt_config_reader *r,
                                            const struct mt_node *n);

/* What a route has and cannot have together, once it is read. */
void mt_config_check_route(struct mt_config_reader *r, const struct mt_node *n,
                           const struct mt_policy_route *route);

/* Only one of these keys may stand in a map; returns how many do, having
 * reported what is too much. */
unsigned mt_config_one_of(struct mt_config_reader *r, const struct mt_node *map,
                          const char *const *keys);

/* The policy, sealed; NULL where there are problems: it is freed. */
struct mt_policy *mt_config_finish(struct mt_config_reader *r);

#endif
