#include "central/web.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "central/central.h"

#define FOR_EVER "public, max-age=31536000, immutable"
#define ASK_EACH_TIME "no-cache"
#define CONTENT_POLICY                                                                                          \
	"default-src 'self'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; " \
	"form-action 'self'"

enum { PLAIN, BROTLI, GZIP, CODINGS_ };
static const struct { const char *name, *suffix; } codings[CODINGS_] = { { NULL, "" }, { "br", ".br" }, { "gzip", ".gz" } };

struct file {
	GBytes *bodies[CODINGS_]; /* NULL = there is no such copy */
	char hash[33];
	const char *content_type;
	bool named_by_content;
};

struct web {
	GRWLock lock;
	GHashTable *files; /* "/assets/x.js" -> struct file */
};

/* One file, ready to be sent. */
struct web_answer {
	char *body;               /* g_malloc'ed; NULL when only the headers are wanted (not_modified) */
	size_t size;
	const char *content_type; /* static */
	const char *encoding;     /* static: "br", "gzip" or NULL */
	const char *cache;        /* static: the Cache-Control */
	char etag[48];
	bool not_modified;
};

/* A folder on its way into memory. */
struct loading {
	GHashTable *bodies; /* path with suffix -> GBytes */
	size_t size;
	GError **error;
};

static const char built_how[] = "Belfry central runs. Its dashboard is not built, or web_dir in the configuration does "
				"not name it:\n\n  cd web && npm ci && npm run build\n\nthen set web_dir to web/dist and "
				"send central SIGHUP. The API is under /api.\n";

static void file_free(struct file *file)
{
	for (int i = 0; i < CODINGS_; i++)
		g_clear_pointer(&file->bodies[i], g_bytes_unref);
	g_free(file);
}

static GHashTable *new_files(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)file_free);
}

struct web *web_new(void)
{
	struct web *web = g_new0(struct web, 1);
	g_rw_lock_init(&web->lock);
	web->files = new_files();
	return web;
}

void web_free(struct web *web)
{
	if (web == NULL)
		return;
	g_hash_table_unref(web->files);
	g_rw_lock_clear(&web->lock);
	g_free(web);
}

guint web_count(struct web *web)
{
	g_rw_lock_reader_lock(&web->lock);
	guint count = g_hash_table_size(web->files);
	g_rw_lock_reader_unlock(&web->lock);
	return count;
}

static const char *type_of(const char *path)
{
	static const struct { const char *suffix, *type; } types[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".mjs", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".json", "application/json" },
		{ ".map", "application/json" },
		{ ".webmanifest", "application/manifest+json" },
		{ ".txt", "text/plain; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".png", "image/png" },
		{ ".jpg", "image/jpeg" },
		{ ".ico", "image/x-icon" },
		{ ".woff2", "font/woff2" },
		{ ".wasm", "application/wasm" },
	};
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_has_suffix(path, types[i].suffix))
			return types[i].type;
	return "application/octet-stream";
}

/* "/assets/index-BxQ_29fL.js": the bundler names these by their content, so they never change. */
static bool is_named_by_content(const char *path)
{
	return g_str_has_prefix(path, "/assets/") &&
	       g_regex_match_simple("[-.][A-Za-z0-9_-]{8,}\\.[a-z0-9]+$", path, G_REGEX_OPTIMIZE, 0);
}

static bool refuse(struct loading *loading, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool refuse(struct loading *loading, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(loading->error, G_FILE_ERROR, G_FILE_ERROR_FAILED, message);
	return false;
}

static bool load_file(struct loading *loading, const char *name, const char *path, size_t size)
{
	char *text;
	gsize length;
	if (g_hash_table_size(loading->bodies) >= WEB_FILES_MAX)
		return refuse(loading, "there are more than %d files", WEB_FILES_MAX);
	if (size > WEB_BYTES_MAX - loading->size)
		return refuse(loading, "the files are larger than %d bytes together", WEB_BYTES_MAX);
	if (!g_file_get_contents(name, &text, &length, loading->error))
		return false;
	g_hash_table_insert(loading->bodies, g_strdup(path), g_bytes_new_take(text, length));
	loading->size += MAX(size, length);
	if (loading->size > WEB_BYTES_MAX) /* it grew while it was read */
		return refuse(loading, "the files are larger than %d bytes together", WEB_BYTES_MAX);
	return true;
}

static bool load_folder(struct loading *loading, const char *folder, const char *path, int depth)
{
	const char *entry;
	bool ok = true;
	if (depth > WEB_DEPTH_MAX)
		return refuse(loading, "folders are nested deeper than %d", WEB_DEPTH_MAX);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, loading->error);
	if (dir == NULL)
		return false;
	while (ok && (entry = g_dir_read_name(dir)) != NULL) {
		struct stat about;
		g_autofree char *name = g_build_filename(folder, entry, NULL);
		g_autofree char *inner = g_strdup_printf("%s/%s", path, entry);
		if (*entry == '.' || lstat(name, &about) != 0)
			continue;
		if (S_ISDIR(about.st_mode))
			ok = load_folder(loading, name, inner, depth + 1);
		else if (S_ISREG(about.st_mode))
			ok = load_file(loading, name, inner, (size_t)about.st_size);
	}
	return ok;
}

static struct file *make_file(GHashTable *bodies, const char *path, GBytes *body)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	gsize size;
	struct file *file = g_new0(struct file, 1);
	const uint8_t *data = g_bytes_get_data(body, &size);
	crypto_hash_sha256(hash, data, size);
	sodium_bin2hex(file->hash, sizeof file->hash, hash, sizeof file->hash / 2);
	file->content_type = type_of(path);
	file->named_by_content = is_named_by_content(path);
	for (int i = 0; i < CODINGS_; i++) {
		g_autofree char *name = g_strconcat(path, codings[i].suffix, NULL);
		GBytes *copy = g_hash_table_lookup(bodies, name);
		file->bodies[i] = copy != NULL ? g_bytes_ref(copy) : NULL;
	}
	return file;
}

/* Compressed copies belong to the file beside them. */
static bool is_copy(GHashTable *bodies, const char *path)
{
	for (int i = BROTLI; i < CODINGS_; i++) {
		if (!g_str_has_suffix(path, codings[i].suffix))
			continue;
		g_autofree char *plain = g_strndup(path, strlen(path) - strlen(codings[i].suffix));
		if (g_hash_table_contains(bodies, plain))
			return true;
	}
	return false;
}

bool web_load(struct web *web, const char *folder, GError **error)
{
	g_autoptr(GHashTable) bodies =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	struct loading loading = { .bodies = bodies, .error = error };
	GHashTableIter iter;
	void *path, *body;
	if (!load_folder(&loading, folder, "", 0))
		return false;
	if (!g_hash_table_contains(bodies, "/index.html"))
		return refuse(&loading, "there is no index.html in %s", folder);
	g_autoptr(GHashTable) files = new_files();
	g_hash_table_iter_init(&iter, bodies);
	while (g_hash_table_iter_next(&iter, &path, &body))
		if (!is_copy(bodies, path))
			g_hash_table_insert(files, g_strdup(path), make_file(bodies, path, body));
	g_rw_lock_writer_lock(&web->lock);
	GHashTable *old = web->files;
	web->files = g_steal_pointer(&files);
	g_rw_lock_writer_unlock(&web->lock);
	g_hash_table_unref(old);
	return true;
}

bool web_accepts(const char *accept_encoding, const char *coding)
{
	bool any = false;
	if (accept_encoding == NULL)
		return false;
	g_auto(GStrv) list = g_strsplit(accept_encoding, ",", 32);
	for (int i = 0; list[i] != NULL; i++) {
		g_auto(GStrv) parts = g_strsplit(list[i], ";", 2);
		if (parts[0] == NULL)
			continue;
		const char *quality = parts[1] != NULL ? strchr(parts[1], '=') : NULL;
		bool wanted = quality == NULL || g_ascii_strtod(quality + 1, NULL) > 0;
		const char *name = g_strstrip(parts[0]);
		if (g_ascii_strcasecmp(name, coding) == 0)
			return wanted;
		if (strcmp(name, "*") == 0)
			any = wanted;
	}
	return any;
}

/* The file that a decoded path means; the lock is held. */
static const struct file *look_up(GHashTable *files, const char *path)
{
	const struct file *file = g_hash_table_lookup(files, path);
	if (file == NULL && strchr(strrchr(path, '/'), '.') == NULL)
		file = g_hash_table_lookup(files, "/index.html");
	return file;
}

static void fill_answer(const struct file *file, const char *accept_encoding, const char *if_none_match,
			struct web_answer *ret)
{
	int coding = PLAIN;
	for (int i = BROTLI; i < CODINGS_ && coding == PLAIN; i++)
		if (file->bodies[i] != NULL && web_accepts(accept_encoding, codings[i].name))
			coding = i;
	*ret = (struct web_answer){ .content_type = file->content_type,
				    .encoding = codings[coding].name,
				    .cache = file->named_by_content ? FOR_EVER : ASK_EACH_TIME };
	g_snprintf(ret->etag, sizeof ret->etag, "\"%s%s\"", file->hash, codings[coding].suffix);
	ret->not_modified = if_none_match != NULL && strstr(if_none_match, ret->etag) != NULL;
	if (!ret->not_modified) {
		gsize size;
		const void *data = g_bytes_get_data(file->bodies[coding], &size);
		ret->body = g_memdup2(data, size);
		ret->size = size;
	}
}

/*
 * `path` as it came, percent-encoded. A path without a dot in its last segment that names no file is index.html: the
 * dashboard has pages of its own. False: there is no such file. Any thread.
 */
static bool find(struct web *web, const char *path, const char *accept_encoding, const char *if_none_match,
		 struct web_answer *ret)
{
	g_autofree char *decoded = g_uri_unescape_string(path, NULL);
	if (decoded == NULL || *decoded != '/')
		return false;
	g_rw_lock_reader_lock(&web->lock);
	const struct file *file = look_up(web->files, decoded);
	if (file != NULL)
		fill_answer(file, accept_encoding, if_none_match, ret);
	bool is_empty = g_hash_table_size(web->files) == 0;
	g_rw_lock_reader_unlock(&web->lock);
	if (file != NULL)
		return true;
	if (!is_empty || strchr(strrchr(decoded, '/'), '.') != NULL)
		return false;
	*ret = (struct web_answer){ .body = g_strdup(built_how),
				    .size = sizeof built_how - 1,
				    .content_type = "text/plain; charset=utf-8",
				    .cache = ASK_EACH_TIME,
				    .etag = "\"none\"" };
	return true;
}

void api_web(const struct api_request *request, struct api_reply *reply)
{
	struct web_answer answer;
	if (!find(request->central->web, request->path, request->accept_encoding, request->if_none_match, &answer)) {
		problem_reply(reply, 404, NULL, NULL, "there is nothing under this path");
		return;
	}
	api_reply_header(reply, "ETag", "%s", answer.etag);
	api_reply_header(reply, "Cache-Control", "%s", answer.cache);
	api_reply_header(reply, "Vary", "Accept-Encoding");
	api_reply_header(reply, "Content-Security-Policy", "%s", CONTENT_POLICY);
	api_reply_header(reply, "Referrer-Policy", "no-referrer");
	if (answer.not_modified) {
		api_reply_empty(reply, 304);
		return;
	}
	if (answer.encoding != NULL)
		api_reply_header(reply, "Content-Encoding", "%s", answer.encoding);
	api_reply_text(reply, 200, answer.content_type, answer.body, answer.size);
}
