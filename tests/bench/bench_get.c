/*
 * GETs of one path over a few open connections, each with one request under way; prints replies a second.
 * usage: bench_get PORT PATH TOKEN CONNECTIONS SECONDS
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

#define CONNECTIONS_MAX 64
#define REPLY_MAX 65536

static struct {
	char request[4096];
	size_t size;
	int port;
	double seconds;
} load;

static bool read_reply(int fd, char *buffer)
{
	size_t size = 0;
	for (;;) {
		ssize_t n = recv(fd, buffer + size, REPLY_MAX - 1 - size, 0);
		if (n <= 0)
			return false;
		buffer[size += (size_t)n] = '\0';
		const char *end = strstr(buffer, "\r\n\r\n");
		const char *length = strcasestr(buffer, "\r\nContent-Length: ");
		if (end == NULL || length == NULL)
			continue;
		if (size >= (size_t)(end + 4 - buffer) + strtoul(length + 18, NULL, 10))
			return strncmp(buffer, "HTTP/1.1 200", 12) == 0;
	}
}

static void *client_main(void *data)
{
	long *count = data;
	char *buffer = malloc(REPLY_MAX);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)load.port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	bool ok = buffer != NULL && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
	struct mono begin = mono_now();
	while (ok && (double)mono_diff_us(mono_now(), begin) < load.seconds * 1e6) {
		ok = send(fd, load.request, load.size, MSG_NOSIGNAL) == (ssize_t)load.size && read_reply(fd, buffer);
		*count += ok;
	}
	if (!ok)
		fprintf(stderr, "a request failed: %.300s\n", buffer != NULL ? buffer : "");
	close(fd);
	free(buffer);
	return ok ? data : NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[CONNECTIONS_MAX];
	long counts[CONNECTIONS_MAX] = { 0 }, total = 0;
	bool ok = true;
	if (argc != 6 || atoi(argv[4]) < 1 || atoi(argv[4]) > CONNECTIONS_MAX)
		return 2;
	load.port = atoi(argv[1]);
	load.seconds = atof(argv[5]);
	load.size = (size_t)snprintf(load.request, sizeof load.request,
				     "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", argv[2], argv[3]);
	for (int i = 0; i < atoi(argv[4]); i++)
		pthread_create(&threads[i], NULL, client_main, &counts[i]);
	for (int i = 0; i < atoi(argv[4]); i++) {
		void *good = NULL;
		pthread_join(threads[i], &good);
		ok = ok && good != NULL;
		total += counts[i];
	}
	printf("%.1f\n", (double)total / load.seconds);
	return ok ? 0 : 1;
}
