#include "ctl/password.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/settings.h"

#define PASSWORD_MAX 1024

char *password_ask(const char *prompt)
{
	char buffer[PASSWORD_MAX + 2];
	struct termios before, silent;
	FILE *terminal = fopen("/dev/tty", "r+e");

	if (terminal == NULL || tcgetattr(fileno(terminal), &before) != 0) {
		if (terminal != NULL)
			fclose(terminal);
		return NULL;
	}
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fputs(prompt, terminal);
	fflush(terminal);
	tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
	char *line = fgets(buffer, sizeof buffer, terminal);
	tcsetattr(fileno(terminal), TCSAFLUSH, &before);
	fputc('\n', terminal);
	fclose(terminal);
	if (line == NULL)
		return NULL;
	buffer[strcspn(buffer, "\r\n")] = '\0';
	char *copy = g_strdup(buffer);
	sodium_memzero(buffer, sizeof buffer);
	return copy;
}

void password_wipe(char *password)
{
	if (password != NULL)
		sodium_memzero(password, strlen(password));
}

int password_read(const struct call *call, const char *option, bool is_new, char **ret)
{
	const char *path = call_text(call, option);

	if (path != NULL) {
		*ret = settings_read_secret(path);
		return *ret != NULL ? EXIT_OK : EXIT_WRONG;
	}
	g_autofree char *first = password_ask("Password: ");
	if (first == NULL)
		return command_wrong("there is no terminal to ask at: --%s FILE", option);
	g_autofree char *second = is_new ? password_ask("Once more: ") : g_strdup(first);
	bool same = second != NULL && strcmp(first, second) == 0;
	password_wipe(second);
	if (!same) {
		password_wipe(first);
		return command_wrong("the two are not the same");
	}
	*ret = g_steal_pointer(&first);
	return EXIT_OK;
}
