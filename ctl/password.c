#include "ctl/password.h"

#include <sodium.h>
#include <string.h>

#include "common/ask.h"
#include "ctl/settings.h"

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
	g_autofree char *first = ask_secret("Password: ");
	if (first == NULL)
		return command_wrong("there is no terminal to ask at: --%s FILE", option);
	g_autofree char *second = is_new ? ask_secret("Once more: ") : g_strdup(first);
	bool same = second != NULL && strcmp(first, second) == 0;
	password_wipe(second);
	if (!same) {
		password_wipe(first);
		return command_wrong("the two are not the same");
	}
	*ret = g_steal_pointer(&first);
	return EXIT_OK;
}
