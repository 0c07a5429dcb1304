#include "config.h"

#include "agent/notify.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void notify_watchdog(void)
{
	sd_notify(0, "WATCHDOG=1");
}

int64_t notify_watchdog_us(void)
{
	uint64_t period = 0;
	return sd_watchdog_enabled(0, &period) > 0 ? (int64_t)period : 0;
}

#else

void notify_ready(const char *status)
{
	(void)status;
}

void notify_stopping(void)
{
}

void notify_watchdog(void)
{
}

int64_t notify_watchdog_us(void)
{
	return 0;
}
#endif
