#include "central/reload.h"

#include "central/tls.h"
#include "central/web.h"
#include "common/log.h"

struct reload {
	struct central *central;
	const char *config_file;
	GPtrArray *configs; /* all that were put in place: a request may still be reading any of them */
};

static void free_config(void *config)
{
	central_config_clear(config);
	g_free(config);
}

struct reload *reload_new(struct central *central, const char *config_file)
{
	struct reload *reload = g_new0(struct reload, 1);
	reload->central = central;
	reload->config_file = config_file;
	reload->configs = g_ptr_array_new_with_free_func(free_config);
	return reload;
}

void reload_free(struct reload *reload)
{
	if (reload == NULL)
		return;
	g_ptr_array_unref(reload->configs);
	g_free(reload);
}

/* Without a dashboard everything else works: that is told, and nothing more. */
void reload_web(struct central *central)
{
	g_autoptr(GError) error = NULL;
	const char *folder = central->config->web_dir;
	if (*folder == '\0')
		return;
	if (web_load(central->web, folder, &error))
		log_info("dashboard loaded", "folder", folder, "files", log_number(web_count(central->web)), NULL);
	else
		log_warning("the dashboard is not loaded", "folder", folder, "reason", error->message, NULL);
}

static bool reload_tls(const struct central *central, const struct central_config *config, GError **error)
{
	bool changed = false;
	if (central->is_tls != (*config->tls_certificate != '\0')) {
		g_set_error(error, g_quark_from_static_string("belfry-reload"), 0,
			    "tls_certificate: TLS is switched on and off by a restart only");
		return false;
	}
	if (!central->is_tls)
		return true;
	if (!tls_load(config->tls_certificate, config->tls_key, config->tls_client_ca, &changed, error))
		return false;
	if (changed)
		log_info("certificate loaded", "file", config->tls_certificate, NULL);
	return true;
}

static void put_in_place(struct reload *reload, struct central_config *fresh)
{
	g_autofree char *stuck = central_config_stuck(reload->central->config, fresh);
	if (stuck != NULL)
		log_warning("these keys changed and need a restart", "keys", stuck, NULL);
	log_open((enum log_format)fresh->log_format, (enum log_level)fresh->log_level);
	g_ptr_array_add(reload->configs, fresh);
	reload->central->config = fresh;
}

/* The configuration in force, or the fresh one when all of it is good. */
static bool reload_config(struct reload *reload)
{
	g_autoptr(GError) error = NULL;
	struct central_config *fresh = g_new0(struct central_config, 1);
	bool loaded = reload->config_file != NULL && central_config_load(reload->config_file, fresh, &error);
	bool ok = error == NULL && reload_tls(reload->central, loaded ? fresh : reload->central->config, &error);
	if (ok && loaded) {
		put_in_place(reload, fresh);
		return true;
	}
	if (!ok)
		log_error("not reloaded; what was there stays in force", "reason", error->message, NULL);
	if (loaded)
		central_config_clear(fresh);
	g_free(fresh);
	return ok;
}

void reload_run(struct reload *reload)
{
	bool ok = reload_config(reload);
	reload_web(reload->central);
	if (ok)
		log_info("reloaded", NULL);
}
