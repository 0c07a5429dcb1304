#include "central/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "central/central.h"
#include "central/rounds.h"
#include "common/log.h"

#define GROUPS_FILE "/proc/self/cgroup"
#define GROUPS_ROOT "/sys/fs/cgroup"
#define SELDOM_LOOKS (1000 / MEMORY_LOOK_MS)  /* files of control groups are read this seldom */
#define TRIM_LOOKS (10 * SELDOM_LOOKS)        /* and so often so much is given back to the system */
#define TRIM_MIN (64 << 20)
#define ROOM_TIGHT (2 * MEMORY_KEPT)
#define ROOM_AMPLE (256 << 20) /* for whatever one request takes */
#define TRIM_TIGHT_LOOKS (200 / MEMORY_LOOK_MS) /* when there is little room */
#define TRIM_TIGHT_MIN (8 << 20)
#define SAY_LOOKS (10 * SELDOM_LOOKS)

struct memory {
	const struct central *central;
	struct rounds *looking;
	_Atomic gint64 room;  /* at the last look */
	_Atomic gint64 taken; /* by requests under way */
	_Atomic gint64 grown; /* bodies since the last look */
	_Atomic guint64 refused;
	/* The thread's own. */
	int statm; /* kept open: descriptors may run out as well */
	gint64 group_max;
	guint64 looks, said_at, said_refused;
};

/* Bytes of this process as the kernel counts them. */
struct usage { gint64 data, resident; };

static gint64 read_max(const char *file)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents(file, &text, NULL, NULL) || !g_ascii_isdigit(*text))
		return G_MAXINT64;
	return g_ascii_strtoll(text, NULL, 10);
}

gint64 memory_group_max(const char *groups, const char *root)
{
	const char *begin = g_str_has_prefix(groups, "0::/") ? groups + 3 : strstr(groups, "\n0::/");
	gint64 least = G_MAXINT64;
	if (begin == NULL)
		return least;
	begin += *begin == '\n' ? 4 : 0;
	g_autofree char *path = g_strndup(begin, strcspn(begin, "\n"));
	/* A limit of any group above holds as well. */
	for (;;) {
		g_autofree char *file = g_build_filename(root, path, "memory.max", NULL);
		least = MIN(least, read_max(file));
		char *slash = strrchr(path, '/');
		if (slash == NULL)
			return least;
		*slash = '\0';
	}
}

/* Without asking for memory. */
static struct usage look_at_usage(int statm)
{
	struct usage usage = { 0 };
	char text[256];
	ssize_t size = pread(statm, text, sizeof text - 1, 0);
	text[MAX(size, 0)] = '\0';
	if (sscanf(text, "%*s %" G_GINT64_FORMAT " %*s %*s %*s %" G_GINT64_FORMAT, &usage.resident, &usage.data) == 2) {
		usage.resident *= sysconf(_SC_PAGESIZE);
		usage.data *= sysconf(_SC_PAGESIZE);
	}
	return usage;
}

/*
 * What malloc holds free counts as used until it is given back; where it cannot be, half of it may serve the next request. To
 * ask malloc is to walk through all of its free blocks while nobody else gets any: only when the answer matters.
 */
static gint64 room_left(const struct usage *usage, gint64 resident_max)
{
	struct rlimit limit;
	gint64 room = resident_max - usage->resident;
	if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
		gint64 data = (gint64)MIN(limit.rlim_cur, (rlim_t)G_MAXINT64) - usage->data;
		room = MIN(room, data < ROOM_AMPLE ? data + (gint64)mallinfo2().fordblks / 2 : data);
	}
	return room;
}

/* Malloc would keep for ever what a burst made it get. */
static void trim(const struct usage *usage, gint64 spare_max)
{
	struct mallinfo2 heap = mallinfo2();
	if (usage->resident - (gint64)(heap.uordblks + heap.hblkhd) > spare_max)
		malloc_trim(0);
}

static gint64 resident_max(struct memory *memory)
{
	gint64 configured = (gint64)memory->central->config->memory_max_mb << 20;
	if (configured == 0)
		configured = (gint64)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 4 * 3;
	if (memory->looks % SELDOM_LOOKS == 0) {
		g_autofree char *groups = NULL;
		memory->group_max = g_file_get_contents(GROUPS_FILE, &groups, NULL, NULL)
					    ? memory_group_max(groups, GROUPS_ROOT)
					    : G_MAXINT64;
	}
	return MIN(configured, memory->group_max);
}

static void say(struct memory *memory)
{
	guint64 refused = atomic_load(&memory->refused);
	if (refused == memory->said_refused || (memory->said_at > 0 && memory->looks - memory->said_at < SAY_LOOKS))
		return;
	log_warning("there is not enough memory for all that is asked: some of it is refused", "refused",
		    log_number((int64_t)(refused - memory->said_refused)), "roomMb", log_number(atomic_load(&memory->room) >> 20),
		    NULL);
	memory->said_refused = refused;
	memory->said_at = memory->looks;
}

static void look(struct rounds *rounds, void *context)
{
	struct memory *memory = context;
	(void)rounds;
	/* First, so that what comes in meanwhile counts twice rather than never. */
	atomic_store(&memory->grown, 0);
	struct usage usage = look_at_usage(memory->statm);
	gint64 room = room_left(&usage, resident_max(memory));
	atomic_store(&memory->room, room);
	bool is_tight = room < ROOM_TIGHT;
	if (memory->looks % (is_tight ? TRIM_TIGHT_LOOKS : TRIM_LOOKS) == 0)
		trim(&usage, is_tight ? TRIM_TIGHT_MIN : TRIM_MIN);
	say(memory);
	memory->looks++;
}

struct memory *memory_start(const struct central *central)
{
	static const int ready = 1; /* before central is */
	struct memory *memory = g_new0(struct memory, 1);
	memory->central = central;
	memory->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	look(NULL, memory);
	memory->looking = rounds_start("memory", MEMORY_LOOK_MS, &ready, look, memory);
	return memory;
}

void memory_stop(struct memory *memory)
{
	if (memory == NULL)
		return;
	rounds_stop(memory->looking);
	if (memory->statm >= 0)
		close(memory->statm);
	g_free(memory);
}

static bool fits(struct memory *memory, gint64 kept)
{
	if (atomic_load(&memory->room) - atomic_load(&memory->grown) - atomic_load(&memory->taken) >= kept)
		return true;
	atomic_fetch_add(&memory->refused, 1);
	return false;
}

bool memory_take(struct memory *memory, size_t bytes)
{
	if (memory == NULL)
		return true;
	atomic_fetch_add(&memory->taken, (gint64)bytes);
	if (fits(memory, MEMORY_KEPT))
		return true;
	memory_give(memory, bytes);
	return false;
}

void memory_give(struct memory *memory, size_t bytes)
{
	if (memory != NULL)
		atomic_fetch_sub(&memory->taken, (gint64)bytes);
}

bool memory_grow(struct memory *memory, size_t bytes)
{
	if (memory == NULL)
		return true;
	atomic_fetch_add(&memory->grown, (gint64)bytes);
	return fits(memory, MEMORY_KEPT / 2);
}

gint64 memory_room(struct memory *memory)
{
	return memory != NULL ? MAX(atomic_load(&memory->room) - atomic_load(&memory->taken) - MEMORY_KEPT, 0) : 0;
}

guint64 memory_refused(struct memory *memory)
{
	return memory != NULL ? atomic_load(&memory->refused) : 0;
}
