/* explain_exchange.h - meshtop explain ID: all that is known of one exchange.
 */
#ifndef MT_CLI_EXPLAIN_EXCHANGE_H
#define MT_CLI_EXPLAIN_EXCHANGE_H

#include "cli/options.h"

/* As text, or with -o json as one object. An exit code, after having said what
 * is wrong. */
int mt_explain_exchange(const struct mt_options *o, uint64_t id);

#endif
