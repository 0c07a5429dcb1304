#include "common/ask.h"

#include <glib.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

char *ask_secret(const char *prompt)
{
	char buffer[ASK_SECRET_MAX + 2];
	struct termios before, silent;
	FILE *terminal = fopen("/dev/tty", "r+e");

	if (terminal == NULL || tcgetattr(fileno(terminal), &before) != 0) {
		if (terminal != NULL)
			fclose(terminal);
		return NULL;
	}
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	/* What was typed before is forgotten, and what is typed after the prompt is not. */
	tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
	fputs(prompt, terminal);
	fflush(terminal);
	char *line = fgets(buffer, sizeof buffer, terminal);
	tcsetattr(fileno(terminal), TCSADRAIN, &before);
	fputc('\n', terminal);
	fclose(terminal);
	if (line == NULL)
		return NULL;
	buffer[strcspn(buffer, "\r\n")] = '\0';
	char *copy = g_strdup(buffer);
	sodium_memzero(buffer, sizeof buffer);
	return copy;
}
