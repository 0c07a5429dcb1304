/*
 * A reply that is costly to make and the same for all who ask. Owns one text and for how long it is good: in proportion to
 * what it cost, so that making it takes a small part of the time however many ask, and a cheap one is always new. Does not
 * own what is in it; the text should say of when it is.
 *
 *   if (!kept_text_take(kept, mono_now(), &text, &size)) { make it; kept_text_put(...) or, when that failed, kept_text_give_up() }
 */
#ifndef BELFRY_KEPT_TEXT_H
#define BELFRY_KEPT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/clock.h"

#define KEPT_TEXT_CHEAP_MS 20 /* what cost less is not kept */
#define KEPT_TEXT_TIMES 50    /* good for so many times its cost */
#define KEPT_TEXT_MAX_MS 5000 /* and never longer */

struct kept_text;
struct kept_text *kept_text_new(void);
void kept_text_free(struct kept_text *kept);

/*
 * True: *ret is a copy, to be freed with free(); good still, or on the way to be made anew by another thread. False: the
 * caller makes it. Any thread.
 */
bool kept_text_take(struct kept_text *kept, struct mono now, char **ret, size_t *ret_size);
/* Keeps a copy of what was begun at `begin` and is done at `now`. */
void kept_text_put(struct kept_text *kept, struct mono begin, struct mono now, const char *text, size_t size);
void kept_text_give_up(struct kept_text *kept);

#endif
