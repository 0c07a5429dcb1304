# Turns SQL files into C tables. Usage: awk -v side=agent -f embed.awk migrations/*.sql definitions/*.sql queries/*.sql
# Files below a folder "migrations" or "definitions" are whole, those of definitions are one text together; in others each
# "-- name: x" starts a statement, and "-- part: x" a text that several statements share: a line "-- use: x" below it stands
# for that text.
function quote(line) {
	gsub(/\\/, "&&", line)
	gsub(/"/, "\\\"", line)
	return "\t\"" line "\\n\"\n"
}
# What was read since the last one has come to its end.
function flush() {
	if (kind == "migration") migrations = migrations "{ " (name + 0) ", \"" name "\",\n" text "},\n"
	else if (kind == "definition") definitions = definitions text
	else if (kind == "query") queries = queries "{ \"" name "\",\n" text "},\n"
	else if (kind == "part") parts[name] = text
	kind = text = ""
}
FNR == 1 {
	flush()
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.sql$/, "", name)
	if (FILENAME ~ /migrations\//) kind = "migration"
	else if (FILENAME ~ /definitions\//) kind = "definition"
	is_whole = kind != ""
}
/^[ \t]*$/ { next }
# Comment lines stay in whole files (they are part of what is checksummed) and go from queries.
is_whole { text = text quote($0); next }
/^-- name: / { flush(); kind = "query"; name = $3; next }
/^-- part: / { flush(); kind = "part"; name = $3; next }
/^[ \t]*-- use: / {
	if (!($3 in parts)) {
		print FILENAME ": no part " $3 " above" > "/dev/stderr"
		failed = 1
		exit
	}
	text = text parts[$3]
	next
}
/^[ \t]*--/ { next }
{ text = text quote($0) }
END {
	if (failed) exit 1
	flush()
	print "#include \"common/sql.h\"\n#include <stddef.h>"
	print "const struct sql_query sql_" side "_queries[] = {\n" queries "{ NULL, NULL } };"
	print "const struct sql_migration sql_" side "_migrations[] = {\n" migrations "{ 0, NULL, NULL } };"
	if (definitions != "") print "const char sql_" side "_definitions[] =\n" definitions ";"
}
