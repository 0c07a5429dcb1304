/*
 * Four children per node: one cache line holds all of them, and the tree is half as deep as a binary one. Keys stand
 * beside the pointers, so that sifting does not touch the items except for their index.
 */
#include "agent/heap.h"

#include <glib.h>

static int *item_index(const struct heap *heap, void *item)
{
	return (int *)(void *)((char *)item + heap->index_offset);
}

static void place(struct heap *heap, int at, struct heap_entry entry)
{
	heap->entries[at] = entry;
	*item_index(heap, entry.item) = at;
}

static void sift_up(struct heap *heap, int at, struct heap_entry entry)
{
	while (at > 0) {
		int parent = (at - 1) / 4;
		if (heap->entries[parent].key <= entry.key)
			break;
		place(heap, at, heap->entries[parent]);
		at = parent;
	}
	place(heap, at, entry);
}

static void sift_down(struct heap *heap, int at, struct heap_entry entry)
{
	for (;;) {
		int first = at * 4 + 1, least = -1;
		int64_t key = entry.key;
		for (int child = first; child < first + 4 && child < heap->count; child++) {
			if (heap->entries[child].key < key) {
				key = heap->entries[child].key;
				least = child;
			}
		}
		if (least < 0)
			break;
		place(heap, at, heap->entries[least]);
		at = least;
	}
	place(heap, at, entry);
}

void heap_init(struct heap *heap, size_t index_offset)
{
	*heap = (struct heap){ .index_offset = index_offset };
}

void heap_done(struct heap *heap)
{
	g_free(heap->entries);
	*heap = (struct heap){ .index_offset = heap->index_offset };
}

void heap_set(struct heap *heap, void *item, int64_t key)
{
	struct heap_entry entry = { key, item };
	int at = *item_index(heap, item);
	if (at < 0) {
		if (heap->count == heap->capacity) {
			heap->capacity = heap->capacity == 0 ? 64 : heap->capacity + heap->capacity / 2;
			heap->entries = g_renew(struct heap_entry, heap->entries, heap->capacity);
		}
		sift_up(heap, heap->count++, entry);
	} else if (key < heap->entries[at].key) {
		sift_up(heap, at, entry);
	} else {
		sift_down(heap, at, entry);
	}
}

void heap_remove(struct heap *heap, void *item)
{
	int at = *item_index(heap, item);
	if (at < 0)
		return;
	*item_index(heap, item) = -1;
	struct heap_entry last = heap->entries[--heap->count];
	if (at == heap->count)
		return;
	if (at > 0 && last.key < heap->entries[(at - 1) / 4].key)
		sift_up(heap, at, last);
	else
		sift_down(heap, at, last);
}

void *heap_top(const struct heap *heap)
{
	return heap->count > 0 ? heap->entries[0].item : NULL;
}

int64_t heap_top_key(const struct heap *heap)
{
	return heap->count > 0 ? heap->entries[0].key : INT64_MAX;
}

/* Those with the least key hang together at the root. */
static int count_below(const struct heap *heap, int at, int64_t key)
{
	int n = 1;
	if (at >= heap->count || heap->entries[at].key != key)
		return 0;
	for (int child = at * 4 + 1; child < at * 4 + 5; child++)
		n += count_below(heap, child, key);
	return n;
}

int heap_top_count(const struct heap *heap)
{
	return count_below(heap, 0, heap_top_key(heap));
}
