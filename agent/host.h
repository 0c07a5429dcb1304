/*
 * What the agent asks of the host it runs on. Linux only.
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
 * Lets the calling thread run soon after it wakes, before other work of this host: a short slice (EEVDF, Linux 6.12 and
 * later: who asks for little is served early) and, where the process may, a better nice value. Threads made later inherit
 * both, so call it last. Without the right to do so nothing happens.
 */
void host_prefer_this_thread(void);
/* Raises the soft limit of open files to what is needed, as far as the hard limit goes; false when that is not enough. */
bool host_allow_open_files(int64_t needed);

#endif
