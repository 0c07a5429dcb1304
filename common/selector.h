/*
 * Labels of agents and selectors over them, as in `env=prod,role in (web,api),!legacy`. Owns: the grammar, the limits, the
 * compiled form. Does not own: where labels are kept, and matching in bulk, which central does in SQL on the compiled form
 * (selector_matches() in sql/central).
 *
 *   selector = term *("," term)          all terms must hold; the empty selector holds for every agent
 *   term     = key                       the label is there
 *            | "!" key                   it is not
 *            | key ("=" | "==") value    it has this value
 *            | key "!=" value            it has another value, or is not there
 *            | key "in" "(" values ")"   one of these
 *            | key "notin" "(" values ")" none of these, or it is not there
 *
 * Keys: 1 to LABEL_KEY_MAX of letters, digits and ._/- beginning with a letter or digit; values: 0 to LABEL_VALUE_MAX of
 * letters, digits and ._- (no blanks, quotes or commas, so that nothing needs escaping). Pure, any thread.
 */
#ifndef BELFRY_SELECTOR_H
#define BELFRY_SELECTOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define LABELS_MAX 32          /* of one agent */
#define LABEL_KEY_MAX 63       /* bytes */
#define LABEL_VALUE_MAX 63
#define SELECTOR_TEXT_MAX 1024 /* bytes */
#define SELECTOR_TERMS_MAX 16
#define SELECTOR_VALUES_MAX 16 /* of one term */

/*
 * The compiled form: a JSON array of {"key","op":"in|notin|exists|absent","values":[..]}, for the empty selector []. NULL
 * when the text is none; *ret_problem is then a sentence that says where (static buffer of the caller, `size` bytes).
 */
json_t *selector_compile(const char *text, char *ret_problem, size_t size);

/* Does a compiled selector hold for these labels (an object of texts)? The same answer as the SQL function. */
bool selector_holds(const json_t *compiled, const json_t *labels);

/* Is this an object of labels within the limits? False with a sentence, and with the key at fault ("" = the whole). */
bool labels_check(const json_t *labels, const char **ret_key, char *ret_problem, size_t size);

#endif
