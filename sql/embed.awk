# Turns SQL files into a C table. Usage: awk -v side=agent -f embed.awk migrations/*.sql queries/*.sql
# Files below a folder "migrations" are whole; in others each "-- name: x" starts a statement, and "-- part: x" a text that
# several statements share: a line "-- use: x" below it stands for that text.
function quote(line) {
	gsub(/\\/, "&&", line)
	gsub(/"/, "\\\"", line)
	return "\t\"" line "\\n\"\n"
}
function flush_query() {
	if (migration != "") return
	if (name != "") queries = queries "{ \"" name "\",\n" text "},\n"
	if (part != "") parts[part] = text
	name = ""
	part = ""
	text = ""
}
function flush_migration() {
	if (migration == "") return
	migrations = migrations "{ " version ", \"" migration "\",\n" text "},\n"
	migration = ""
	text = ""
}
FNR == 1 {
	flush_query()
	flush_migration()
	base = FILENAME
	sub(/.*\//, "", base)
	sub(/\.sql$/, "", base)
	if (FILENAME ~ /migrations\//) {
		version = base + 0
		migration = base
	}
}
migration == "" && /^-- name: / { flush_query(); name = $3; next }
migration == "" && /^-- part: / { flush_query(); part = $3; next }
migration == "" && /^[ \t]*-- use: / {
	if (!($3 in parts)) {
		print FILENAME ": no part " $3 " above" > "/dev/stderr"
		failed = 1
		exit
	}
	text = text parts[$3]
	next
}
/^[ \t]*$/ { next }
# Comment lines stay in migrations (they are part of what is checksummed) and go from queries.
migration == "" && /^[ \t]*--/ { next }
{ text = text quote($0) }
END {
	if (failed) exit 1
	flush_query()
	flush_migration()
	print "#include \"common/sql.h\"\n#include <stddef.h>"
	print "const struct sql_query sql_" side "_queries[] = {\n" queries "{ NULL, NULL } };"
	print "const struct sql_migration sql_" side "_migrations[] = {\n" migrations "{ 0, NULL, NULL } };"
}
