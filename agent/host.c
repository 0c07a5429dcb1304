#include "agent/host.h"

#include <glib.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define AGENT_NICE (-10)
#define SHORT_SLICE_NS 200000
#define URGENCY_CHECK_US (50 * US_PER_MS)
#define URGENCY_BUSY_PERCENT 50
#define URGENCY_CALM_PERCENT 25

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

/* sched_setattr(2): glibc 2.36 has neither the call nor the struct, and the kernel's header clashes with <sched.h>. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime_ns, deadline_ns, period_ns;
};

void host_prefer_this_process(void)
{
	struct scheduling wish = {
		.size = sizeof wish,
		.policy = SCHED_OTHER,
		.nice = getpriority(PRIO_PROCESS, 0),
		.runtime_ns = SHORT_SLICE_NS,
	};
	if (setpriority(PRIO_PROCESS, (id_t)gettid(), AGENT_NICE) == 0)
		wish.nice = AGENT_NICE;
	syscall(SYS_sched_setattr, 0, &wish, 0);
}

bool host_make_thread_realtime(void)
{
	const struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_RR) };
	return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0;
}

static int64_t thread_cpu_us(void)
{
	struct timespec used;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * US_PER_SECOND + used.tv_nsec / 1000;
}

void host_urgency_adjust(struct host_urgency *urgency, struct mono now)
{
	int64_t passed_us = mono_diff_us(now, urgency->checked_at);
	if (!urgency->wanted || passed_us < URGENCY_CHECK_US)
		return;
	int64_t cpu_us = thread_cpu_us(), percent = (cpu_us - urgency->cpu_us) * 100 / passed_us;
	urgency->checked_at = now;
	urgency->cpu_us = cpu_us;
	const struct sched_param ordinary = { .sched_priority = 0 };
	if (urgency->realtime && percent > URGENCY_BUSY_PERCENT)
		urgency->realtime = sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &ordinary) != 0;
	else if (!urgency->realtime && percent < URGENCY_CALM_PERCENT)
		urgency->realtime = host_make_thread_realtime();
}

bool host_allow_open_files(int64_t needed)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= (rlim_t)needed)
		return true;
	limit.rlim_cur = MIN((rlim_t)needed, limit.rlim_max);
	return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= (rlim_t)needed;
}
