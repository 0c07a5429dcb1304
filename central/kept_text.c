#include "central/kept_text.h"

#include <stdlib.h>
#include <string.h>

#include <glib.h>

struct kept_text {
	GMutex lock;
	char *text;
	size_t size;
	struct mono made;
	int64_t good_us;
	bool in_making; /* by a thread that was told to */
};

struct kept_text *kept_text_new(void)
{
	struct kept_text *kept = g_new0(struct kept_text, 1);
	g_mutex_init(&kept->lock);
	return kept;
}

void kept_text_free(struct kept_text *kept)
{
	if (kept == NULL)
		return;
	g_free(kept->text);
	g_mutex_clear(&kept->lock);
	g_free(kept);
}

bool kept_text_take(struct kept_text *kept, struct mono now, char **ret, size_t *ret_size)
{
	char *copy = NULL;
	g_mutex_lock(&kept->lock);
	int64_t age_us = mono_diff_us(now, kept->made);
	/* Who comes while another one makes it anew takes the old one, but not for ever: that one may be stuck. */
	if (kept->text != NULL && age_us < kept->good_us * (kept->in_making ? 2 : 1))
		copy = malloc(kept->size);
	if (copy != NULL) {
		memcpy(copy, kept->text, kept->size);
		*ret = copy;
		*ret_size = kept->size;
	} else {
		kept->in_making = true;
	}
	g_mutex_unlock(&kept->lock);
	return copy != NULL;
}

void kept_text_put(struct kept_text *kept, struct mono begin, struct mono now, const char *text, size_t size)
{
	int64_t cost_us = mono_diff_us(now, begin);
	bool is_cheap = cost_us < KEPT_TEXT_CHEAP_MS * US_PER_MS;
	g_mutex_lock(&kept->lock);
	g_free(kept->text);
	kept->text = is_cheap ? NULL : g_memdup2(text, size);
	kept->size = size;
	/* Of when the text is: what happened while it was made may be missing in it. */
	kept->made = begin;
	kept->good_us = MIN(cost_us * KEPT_TEXT_TIMES, KEPT_TEXT_MAX_MS * US_PER_MS);
	kept->in_making = false;
	g_mutex_unlock(&kept->lock);
}

void kept_text_give_up(struct kept_text *kept)
{
	g_mutex_lock(&kept->lock);
	kept->in_making = false;
	g_mutex_unlock(&kept->lock);
}
