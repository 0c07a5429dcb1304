/*
 * The least that an ulfius server can do for a GET, set up as central's listeners are: the reference of job_get.
 * usage: bench_trivial PORT THREADS; serves until its standard input ends.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ulfius.h>

static int answer(const struct _u_request *request, struct _u_response *response, void *data)
{
	(void)request;
	(void)data;
	ulfius_set_string_body_response(response, 200, "{\"status\":\"ok\"}");
	return U_CALLBACK_COMPLETE;
}

int main(int argc, char **argv)
{
	struct _u_instance instance;
	char byte;
	if (argc != 3)
		return 2;
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)mhd_request_completed, NULL },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)ulfius_uri_logger, NULL },
		{ MHD_OPTION_THREAD_POOL_SIZE, atoi(argv[2]), NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	ulfius_init_instance(&instance, (unsigned)atoi(argv[1]), &loopback, NULL);
	ulfius_set_default_endpoint(&instance, answer, NULL);
	if (ulfius_start_framework_with_mhd_options(&instance, MHD_USE_EPOLL_INTERNAL_THREAD, options) != U_OK)
		return 1;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	ulfius_stop_framework(&instance);
	ulfius_clean_instance(&instance);
	return 0;
}
