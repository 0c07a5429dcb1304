/*
 * ThreadSanitizer does not see GLib's mutexes: the library is built without it and uses the futex itself. In a build with
 * -fsanitize=thread these take their place. Elsewhere this file is empty.
 *
 *	../configure CFLAGS="-O1 -g -fsanitize=thread" && make tests/unit/test_runner_pool && G_SLICE=always-malloc tests/unit/test_runner_pool
 */
#include <glib.h>
#include <pthread.h>

#ifdef __SANITIZE_THREAD__
void (g_mutex_init)(GMutex *mutex)
{
	mutex->p = g_new(pthread_mutex_t, 1);
	pthread_mutex_init(mutex->p, NULL);
}

void (g_mutex_clear)(GMutex *mutex)
{
	pthread_mutex_destroy(mutex->p);
	g_free(mutex->p);
}

/* Static ones are zero until they are first locked. */
static pthread_mutex_t *get(GMutex *mutex)
{
	static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&making);
	if (mutex->p == NULL)
		(g_mutex_init)(mutex);
	pthread_mutex_unlock(&making);
	return mutex->p;
}

void (g_mutex_lock)(GMutex *mutex)
{
	pthread_mutex_lock(get(mutex));
}

void (g_mutex_unlock)(GMutex *mutex)
{
	pthread_mutex_unlock(get(mutex));
}
#endif
