/*
 * Passwords and tokens from a terminal or from a file. Owns: that they are wiped from memory and never shown.
 * Does not own: asking without echo (common/ask.h), what a good password is, which central says.
 */
#ifndef BELFRY_CTL_PASSWORD_H
#define BELFRY_CTL_PASSWORD_H

#include "ctl/call.h"

/* From the file that option `option` names, else asked for (twice when it is a new one). An exit status; on EXIT_OK
 * *ret is the caller's to wipe and free. */
int password_read(const struct call *call, const char *option, bool is_new, char **ret);
/* Overwrites it. NULL is fine. */
void password_wipe(char *password);

#endif
