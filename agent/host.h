/*
 * What the agent asks of the host it runs on: its boot, its priorities, its limits. Owns: the system calls for that. Does
 * not own: what follows from an answer. Linux only; no state but in struct host_urgency. What concerns the process is called
 * from main before threads are made, what concerns a thread from that thread.
 */
#ifndef BELFRY_AGENT_HOST_H
#define BELFRY_AGENT_HOST_H

#include <stddef.h>

#include "common/clock.h"

/* The id of the running boot, "" when the kernel does not tell. */
void host_boot_id(char *ret, size_t size);
/* When the host came up, in whole seconds; now when the kernel does not tell. */
struct wall host_booted_at(void);
/* Timers of this process to the microsecond, not to the 50 us that the kernel allows itself. */
void host_sharpen_timers(void);
/*
 * Lets this process run soon after it wakes, before other work of the host: a short slice (EEVDF, Linux 6.12 and later: who
 * asks for little is served early) and, where it may, a better nice value. Before any thread is made: all inherit it. The
 * store counts as much as the loop: a fire waits for its intent. Without the right to do so nothing happens.
 */
void host_prefer_this_process(void);
/*
 * Puts the calling thread before all ordinary work of the host (SCHED_RR, lowest priority; the kernel keeps 5 % of each
 * second for others). Threads made later are ordinary again. False without the right to (RLIMIT_RTPRIO, CAP_SYS_NICE).
 */
bool host_make_thread_realtime(void);

/*
 * Real time is for being on time, not for throughput: a thread that uses much of a processor goes back to ordinary
 * priority, so that what it waits for (targets on this host, the store) can run, and gets real time again when it is calm.
 * Call often: it looks every 50 ms.
 */
struct host_urgency {
	bool wanted;             /* set at the start: host_make_thread_realtime() was granted. False = nothing ever happens */
	bool realtime;           /* now; equal to `wanted` at the start */
	struct mono checked_at;  /* the rest starts as 0 */
	int64_t cpu_us;          /* of the thread, at that time */
};
void host_urgency_adjust(struct host_urgency *urgency, struct mono now);
/* Raises the soft limit of open files to what is needed, as far as the hard limit goes; false when that is not enough. */
bool host_allow_open_files(int64_t needed);

#endif
