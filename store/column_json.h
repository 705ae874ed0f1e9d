/**
 * column_json.h - rows of a screen as JSON: the same keys and figures from
 * every command and from the page's API.
 *
 *     mt_row_json(&out, &mt_screen_services, &answer.rows[i]);
 *
 * Unknown is null; a row with inferred figures ends in "inferred":true.
 */
#ifndef MT_STORE_COLUMN_JSON_H
#define MT_STORE_COLUMN_JSON_H

#include "base/out.h"
#include "store/column.h"

/* One object; its members alone, without the braces. */
void mt_row_json(struct mt_out *o, const struct mt_screen *screen,
                 const void *row);
void mt_row_json_members(struct mt_out *o, const struct mt_screen *screen,
                         const void *row);

/* What rows stand on: from_ns, to_ns, answered_from, complete, and of a sample
 * sample_one_of. Without the braces. */
void mt_coverage_json_members(struct mt_out *o, const struct mt_coverage *c);

/* A known value that is no text: at most six decimals, none where it is
 * whole. */
void mt_figure_put(struct mt_out *o, const struct mt_value *v);

#endif
