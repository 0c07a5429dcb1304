/*
 * SQL embedded at build time from sql/<side>/migrations, definitions and queries (sql/README.md). Owns: the tables that
 * sql/embed.awk writes. Does not own: their running (agent/store_db.c, central/db.h). No SQL stands in C; any thread. A query
 * file holds statements, each after a line "-- name: words_with_underscores".
 */
#ifndef BELFRY_SQL_H
#define BELFRY_SQL_H

struct sql_query { const char *name, *text; };
struct sql_migration { int version; const char *name, *text; };

/* Both tables of a side end with an entry of NULLs; migrations are sorted by version. */
extern const struct sql_query sql_agent_queries[], sql_central_queries[];
extern const struct sql_migration sql_agent_migrations[], sql_central_migrations[];
/* All files of definitions as one script that may run at any time after the migrations; the agent has none. */
extern const char sql_central_definitions[];

/* The text of a named query; NULL when there is none (a bug, found at start by preparing all). */
const char *sql_query_text(const struct sql_query *table, const char *name);

#endif
