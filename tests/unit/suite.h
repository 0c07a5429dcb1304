/*
 * How a program of unit tests ends. Owns: the running of its one suite. CK_VERBOSITY, CK_RUN_CASE and the others of check's
 * variables hold; contrib/check counts by the closing line.
 */
#ifndef BELFRY_TESTS_SUITE_H
#define BELFRY_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs and frees it; what main() returns. */
static inline int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
