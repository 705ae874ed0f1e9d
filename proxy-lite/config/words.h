/**
 * words.h - private to config/: single values, as types of the table.
 *
 * Each writes what it read at key->offset of the struct that its map fills.
 */
#ifndef MT_PROXY_LITE_CONFIG_WORDS_H
#define MT_PROXY_LITE_CONFIG_WORDS_H

#include "proxy-lite/config/reader.h"

extern const struct mt_config_type mt_type_duration; /* int64_t, > 0 */
extern const struct mt_config_type mt_type_timeout;  /* the same; `none` is 0 */
extern const struct mt_config_type mt_type_range;    /* two int64_t: 25ms..1s */
extern const struct mt_config_type mt_type_count;    /* uint32_t, > 0 */
extern const struct mt_config_type mt_type_number;   /* uint32_t */
extern const struct mt_config_type mt_type_percent;  /* uint32_t: 80% or 80 */
extern const struct mt_config_type mt_type_port;     /* uint16_t */
extern const struct mt_config_type mt_type_name;     /* struct mt_span */
extern const struct mt_config_type mt_type_host;     /* struct mt_span, lower */
extern const struct mt_config_type mt_type_text;     /* struct mt_span */

/* An index into words[], or -1. For enumerations, whose fields are bytes. */
int mt_word_index(const char *const *words, struct mt_span text);
void mt_config_read_word(struct mt_config_reader *r,
                         const struct mt_config_key *key,
                         const struct mt_node *n, void *out);

/**
 * `10.0.0.5:8080`, `[fd00::1]:8080`, `cart.internal:8080`. host is a part of
 * the text, without brackets; ip is all zero for a name. False: none of these.
 */
bool mt_parse_endpoint(struct mt_span text, struct mt_policy_endpoint *out);

/* Is it a name of DNS (RFC 1123 section 2.1), or an IP address? A leading
 * `*.` is fine where a suffix may stand. */
bool mt_is_host(struct mt_span s, bool suffix_may);

/* Does it begin with '/' and hold no query, fragment, blank or control, and
 * is it no longer than MT_POLICY_PATH_MAX? */
bool mt_is_path(struct mt_span s);

/* Reported and true: it has bytes that no client sends as they are. */
bool mt_config_unencoded(struct mt_config_reader *r, const struct mt_node *n);

#endif
