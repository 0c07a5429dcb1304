/*
 * Tells the service manager how we are (sd_notify(3)). Owns: the use of libsystemd. Does not own: when something is told.
 * Without libsystemd, or without a service manager, all of this does nothing. Any thread.
 */
#ifndef BELFRY_AGENT_NOTIFY_H
#define BELFRY_AGENT_NOTIFY_H

#include <stdint.h>

/* `status`: a sentence for `systemctl status`. */
void notify_ready(const char *status);
void notify_stopping(void);
/* To be called at least once in each period of the watchdog, else the service manager starts us anew. */
void notify_watchdog(void);
/* That period; 0 = no watchdog is wanted. */
int64_t notify_watchdog_us(void);

#endif
