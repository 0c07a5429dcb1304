#include "common/sql.h"

#include <stddef.h>
#include <string.h>

const char *sql_query_text(const struct sql_query *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table->text;
	return NULL;
}
