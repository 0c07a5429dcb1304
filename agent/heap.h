/*
 * A 4-ary min-heap of pointers keyed by int64. Owns: its array. Does not own: the items. Each item holds its own place in an
 * int member, so that it can be moved or removed in O(log n). Loop thread only.
 */
#ifndef BELFRY_AGENT_HEAP_H
#define BELFRY_AGENT_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_entry { int64_t key; void *item; };

struct heap {
	struct heap_entry *entries;
	int count, capacity;
	size_t index_offset; /* of the item's int member; -1 in it means "not in the heap" */
};

void heap_init(struct heap *heap, size_t index_offset);
void heap_done(struct heap *heap);

/* Inserts the item, or moves it when it is already in. */
void heap_set(struct heap *heap, void *item, int64_t key);
/* Takes the item out; nothing happens when it is not in. */
void heap_remove(struct heap *heap, void *item);
/* The item with the least key, NULL when empty. */
void *heap_top(const struct heap *heap);
/* INT64_MAX when empty. */
int64_t heap_top_key(const struct heap *heap);
/* How many items have the least key; O(that many). */
int heap_top_count(const struct heap *heap);

#endif
