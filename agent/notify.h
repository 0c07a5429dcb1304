/*
 * Tells the service manager how we are (sd_notify). Owns the use of libsystemd; without it all of this does nothing.
 */
#ifndef BELFRY_AGENT_NOTIFY_H
#define BELFRY_AGENT_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status);
void notify_stopping(void);
void notify_watchdog(void);
/* The watchdog's period; 0 = it is not wanted. */
int64_t notify_watchdog_us(void);

#endif
