/* libcurl in a heap: hooks without a context, strdup among them. Pages of a server on loopback, a child of this program.
 * With an address and no name libcurl starts no thread. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

REGION_HOOKS(net, counted, &heap);

enum { PAGE = 50000 };
static char url[100];

/* Answers every request with a page, and ends the connection when the client does. */
static void serve(int listener)
{
    static char answer[PAGE + 200];
    size_t len = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", PAGE);
    memset(answer + len, 'x', PAGE);
    /* Whoever waits for this program's output waits for no child. */
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    alarm(900);
    for (;;) {
        char request[4096];
        int client = accept(listener, NULL, NULL);
        size_t sent = 0, asked = 0;
        ssize_t n = 1;
        if (client < 0)
            _exit(1);
        while (asked < 4 || memcmp(request + asked - 4, "\r\n\r\n", 4) != 0) {
            n = read(client, request + asked, sizeof request - asked);
            if (n <= 0)
                break;
            asked += (size_t)n;
        }
        while (n > 0 && sent < len + PAGE) {
            n = write(client, answer + sent, len + PAGE - sent);
            sent += n > 0 ? (size_t)n : 0;
        }
        shutdown(client, SHUT_WR);
        while (read(client, request, sizeof request) > 0)
            continue;
        close(client);
    }
}

static pid_t start(void)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pid_t child;
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 50) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
    sprintf(url, "http://127.0.0.1:%d/page", ntohs(at.sin_port));
    child = fork();
    CHECK(child >= 0);
    if (child == 0)
        serve(listener);
    close(listener);
    return child;
}

static size_t got;

static size_t receive(char *bytes, size_t size, size_t n, void *context)
{
    (void)context;
    CHECK(bytes[0] == 'x');
    got += size * n;
    return size * n;
}

static void work(size_t amount)
{
    CURL *curl = NULL;
    for (size_t i = 0; i < amount; i++) {
        struct curl_slist *headers = NULL;
        CURLcode code;
        if (i % 10 == 0) {
            curl_easy_cleanup(curl);
            curl = curl_easy_init();
        }
        headers = curl_slist_append(headers, "X-Asked: something");
        got = 0;
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        code = curl_easy_perform(curl);
        if (code != CURLE_OK)
            fprintf(stderr, "%s\n", curl_easy_strerror(code));
        CHECK(code == CURLE_OK && got == PAGE);
        curl_slist_free_all(headers);
    }
    curl_easy_cleanup(curl);
}

int main(int argc, char **argv)
{
    pid_t child = start();
    int status;
    if (IS_HEAP)
        CHECK(curl_global_init_mem(CURL_GLOBAL_DEFAULT, net_malloc, net_free, net_realloc, net_strdup, net_calloc) == 0);
    /* What libcurl makes once it keeps until curl_global_cleanup. */
    status = measure(argc, argv, "curl", work, 100, true);
    curl_global_cleanup();
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return status;
}
