#include "agent/host.h"

#include <glib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void host_boot_id(char *ret, size_t size)
{
	g_autofree char *text = NULL;
	bool found = g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL);
	g_strlcpy(ret, found ? g_strstrip(text) : "", size);
}

struct wall host_booted_at(void)
{
	g_autofree char *text = NULL;
	const char *line = NULL;
	if (g_file_get_contents("/proc/stat", &text, NULL, NULL))
		line = strstr(text, "\nbtime ");
	if (line == NULL)
		return wall_from_seconds(wall_floor_seconds(wall_now()));
	return wall_from_seconds(g_ascii_strtoll(line + strlen("\nbtime "), NULL, 10));
}

void host_sharpen_timers(void)
{
	prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
}

bool host_allow_open_files(int64_t needed)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= (rlim_t)needed)
		return true;
	limit.rlim_cur = MIN((rlim_t)needed, limit.rlim_max);
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= (rlim_t)needed;
}
