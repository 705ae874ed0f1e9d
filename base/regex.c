#include "base/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rc.h"

struct mt_regex_scratch {
    pcre2_match_data *found;
    pcre2_match_context *limits;
    uint64_t given_up;
};

struct mt_regex {
    pcre2_code *code;
    bool whole;
    struct mt_regex_scratch *own;
};

struct mt_regex_scratch *mt_regex_scratch_new(void)
{
    struct mt_regex_scratch *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->found = pcre2_match_data_create(1, NULL);
    s->limits = pcre2_match_context_create(NULL);
    if (s->found == NULL || s->limits == NULL) {
        mt_regex_scratch_free(s);
        return NULL;
    }
    (void)pcre2_set_match_limit(s->limits, MT_REGEX_STEPS_MAX);
    (void)pcre2_set_heap_limit(s->limits, MT_REGEX_MEMORY_KIB);
    return s;
}

void mt_regex_scratch_free(struct mt_regex_scratch *s)
{
    if (s == NULL)
        return;
    pcre2_match_context_free(s->limits);
    pcre2_match_data_free(s->found);
    free(s);
}

uint64_t mt_regex_scratch_given_up(const struct mt_regex_scratch *s)
{
    return s->given_up;
}

/* Classes of characters are those of ASCII: a pattern means the same bytes
 * everywhere. */
static int compile(struct mt_regex *r, struct mt_span pattern,
                   struct mt_regex_error *error)
{
    int rc;
    const uint8_t *start = pattern.len > 0 ? pattern.ptr : (const uint8_t *)"";
    uint32_t options =
        PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;
    if (r->whole)
        options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    r->code = pcre2_compile(start, pattern.len, options, &rc, &error->at, NULL);
    if (r->code != NULL)
        return 0;
    if (rc == PCRE2_ERROR_HEAP_FAILED)
        return MT_ELIMIT;
    if (pcre2_get_error_message(rc, (PCRE2_UCHAR *)error->text,
                                sizeof error->text) < 0)
        (void)snprintf(error->text, sizeof error->text, "error %d", rc);
    return MT_EPROTO;
}

int mt_regex_new(struct mt_regex **out, struct mt_span pattern,
                 enum mt_regex_how how, struct mt_regex_error *error)
{
    *out = NULL;
    *error = (struct mt_regex_error){0};
    if (pattern.len > MT_REGEX_PATTERN_MAX) {
        error->at = MT_REGEX_PATTERN_MAX;
        (void)snprintf(error->text, sizeof error->text,
                       "it has more than %d bytes", MT_REGEX_PATTERN_MAX);
        return MT_EPROTO;
    }
    struct mt_regex *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MT_ELIMIT;
    r->whole = how == MT_REGEX_WHOLE;
    int rc = compile(r, pattern, error);
    if (rc == 0) {
        r->own = mt_regex_scratch_new();
        rc = r->own != NULL ? 0 : MT_ELIMIT;
    }
    if (rc != 0) {
        mt_regex_free(r);
        return rc;
    }
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE); /* else: slower */
    *out = r;
    return 0;
}

void mt_regex_free(struct mt_regex *r)
{
    if (r == NULL)
        return;
    mt_regex_scratch_free(r->own);
    pcre2_code_free(r->code);
    free(r);
}

bool mt_regex_search(const struct mt_regex *r, struct mt_regex_scratch *s,
                     struct mt_span text)
{
    const uint8_t *start = text.len > 0 ? text.ptr : (const uint8_t *)"";
    size_t len = text.len < MT_REGEX_TEXT_MAX ? text.len : MT_REGEX_TEXT_MAX;
    if (r->whole && len < text.len) {
        s->given_up++;
        return false;
    }
    int rc = pcre2_match(r->code, start, len, 0, 0, s->found, s->limits);
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
        s->given_up++;
    return rc >= 0;
}

bool mt_regex_match(struct mt_regex *r, struct mt_span text)
{
    return mt_regex_search(r, r->own, text);
}

uint64_t mt_regex_given_up(const struct mt_regex *r)
{
    return r->own->given_up;
}
