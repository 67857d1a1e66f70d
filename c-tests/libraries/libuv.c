/* libuv in a heap, in one thread: timers, pipes and a server on loopback with clients that come and go. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <uv.h>

REGION_HOOKS(uv, counted, &heap);

/* What the program itself takes is the heap's, too. */
static void *take(size_t size)
{
    void *block = uv_malloc(size);
    CHECK(block != NULL);
    return block;
}

static size_t wanted, started, answered, ticks;
static uv_tcp_t server;
static struct sockaddr_in address;

static void gone(uv_handle_t *handle)
{
    uv_free(handle);
}

static void room(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    (void)handle;
    *buffer = uv_buf_init((char *)take(size), (unsigned int)size);
}

static void written(uv_write_t *request, int status)
{
    CHECK(status == 0);
    uv_free(request);
}

static void echo(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    if (len > 0) {
        uv_buf_t text = uv_buf_init(buffer->base, (unsigned int)len);
        CHECK(uv_try_write(stream, &text, 1) == len);
    } else if (len < 0) {
        uv_close((uv_handle_t *)stream, gone);
    }
    uv_free(buffer->base);
}

static void serve(uv_stream_t *listener, int status)
{
    uv_tcp_t *client = (uv_tcp_t *)take(sizeof *client);
    CHECK(status == 0 && uv_tcp_init(listener->loop, client) == 0);
    CHECK(uv_accept(listener, (uv_stream_t *)client) == 0 && uv_read_start((uv_stream_t *)client, room, echo) == 0);
}

static void visit(uv_loop_t *loop);

static void heard(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    CHECK(len == 5 && memcmp(buffer->base, "hello", 5) == 0);
    uv_free(buffer->base);
    if (++answered == wanted)
        uv_close((uv_handle_t *)&server, NULL);
    if (started < wanted)
        visit(stream->loop);
    uv_close((uv_handle_t *)stream, gone);
}

static void connected(uv_connect_t *request, int status)
{
    static char text[] = "hello";
    uv_buf_t buffer = uv_buf_init(text, 5);
    CHECK(status == 0 && uv_read_start(request->handle, room, heard) == 0);
    CHECK(uv_write((uv_write_t *)take(sizeof(uv_write_t)), request->handle, &buffer, 1, written) == 0);
    uv_free(request);
}

static void visit(uv_loop_t *loop)
{
    uv_tcp_t *client = (uv_tcp_t *)take(sizeof *client);
    started++;
    CHECK(uv_tcp_init(loop, client) == 0);
    CHECK(uv_tcp_connect((uv_connect_t *)take(sizeof(uv_connect_t)), client, (struct sockaddr *)&address, connected) == 0);
}

static void tick(uv_timer_t *timer)
{
    ticks++;
    uv_close((uv_handle_t *)timer, gone);
}

static void work(size_t amount)
{
    uv_loop_t loop;
    int len = sizeof address;
    CHECK(uv_loop_init(&loop) == 0 && uv_tcp_init(&loop, &server) == 0);
    CHECK(uv_ip4_addr("127.0.0.1", 0, &address) == 0);
    CHECK(uv_tcp_bind(&server, (struct sockaddr *)&address, 0) == 0);
    CHECK(uv_listen((uv_stream_t *)&server, 128, serve) == 0);
    CHECK(uv_tcp_getsockname(&server, (struct sockaddr *)&address, &len) == 0);
    wanted = amount;
    started = answered = ticks = 0;
    for (int i = 0; i < 50; i++) {
        uv_timer_t *timer = (uv_timer_t *)take(sizeof *timer);
        CHECK(uv_timer_init(&loop, timer) == 0 && uv_timer_start(timer, tick, (uint64_t)(i % 5), 0) == 0);
    }
    /* Eight clients at a time: each that leaves is followed by another. */
    for (int i = 0; i < 8 && started < wanted; i++)
        visit(&loop);
    CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0 && answered == amount && ticks == 50);
    CHECK(uv_loop_close(&loop) == 0);
}

int main(int argc, char **argv)
{
    if (IS_HEAP)
        CHECK(uv_replace_allocator(uv_malloc, uv_realloc, uv_calloc, uv_free) == 0);
    return measure(argc, argv, "libuv", work, 300, false);
}
