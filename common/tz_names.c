/*
 * The names of all zones that the system has, found by walking its folder of zone files.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/tz_internal.h"

#define NAME_PARTS_MAX 3 /* America/Argentina/Ushuaia */

static bool is_zone_file(const char *path)
{
	char magic[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is = fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic && memcmp(magic, "TZif", 4) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

/* Copies of the tree with other rules for leap seconds, and names that are nobody's place. */
static bool is_left_out(const char *name)
{
	static const char *const names[] = { "posix", "right", "posixrules", "localtime", "Factory", NULL };

	return g_strv_contains(names, name);
}

static void walk(const char *folder, const char *prefix, int parts, GPtrArray *names)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *entry;

	while (dir && (entry = g_dir_read_name(dir)) != NULL && names->len < TZ_NAMES_MAX) {
		g_autofree char *path = g_build_filename(folder, entry, NULL);
		g_autofree char *name = g_strconcat(prefix, entry, NULL);
		struct stat info;
		if ((*prefix == '\0' && is_left_out(entry)) || strlen(name) > TZ_NAME_MAX || stat(path, &info) != 0)
			continue;
		if (S_ISDIR(info.st_mode) && parts > 1) {
			g_autofree char *inner = g_strconcat(name, "/", NULL);
			walk(path, inner, parts - 1, names);
		} else if (S_ISREG(info.st_mode) && is_zone_file(path)) {
			g_ptr_array_add(names, g_steal_pointer(&name));
		}
	}
	if (dir)
		g_dir_close(dir);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *tz_names(void)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	walk(tz_directory(), "", NAME_PARTS_MAX, names);
	/* Built in, also where there are no files. */
	bool has_utc = false;
	for (guint i = 0; i < names->len; i++)
		has_utc |= strcmp(g_ptr_array_index(names, i), "UTC") == 0;
	if (!has_utc)
		g_ptr_array_add(names, g_strdup("UTC"));
	g_ptr_array_sort(names, compare_names);
	return names;
}
