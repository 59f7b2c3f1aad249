// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/http_double.h"
#include "esp_http_server.h"

#include "tests/support/tcp_client.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#if !CONFIG_HTTPD_QUEUE_WORK_BLOCKING
#error "without it, who has to give way is closed later: by then it may be a newcomer"
#endif

enum {
    HANDLERS = 8,
    SESSIONS = 16,
    BLOCK = 128,      // that the library reads at a time
    HEAD_ROOM = 8192, // more than it takes of one request
    MESSAGES = 6,     // of its control socket: CONFIG_LWIP_UDP_RECVMBOX_SIZE
    HEADERS_MAX = CONFIG_HTTPD_MAX_REQ_HDR_LEN,
};

struct session {
    int fd; // -1: none
    bool async;
    uint64_t lru;
    char pending[BLOCK];
    size_t pending_size;
    httpd_recv_func_t recv;
    httpd_send_func_t send;
    httpd_pending_func_t has_pending;
};

struct server {
    httpd_config_t config;
    httpd_uri_t handler[HANDLERS];
    unsigned handlers;
    httpd_err_handler_func_t on_error[HTTPD_ERR_CODE_MAX];
    struct session session[SESSIONS];
    uint64_t lru;
    int listening, control[2];
    uint16_t port;
    sem_t room; // for messages
    sem_t started;
    pthread_t task;
};

// One request being served; httpd_req_t.aux.
struct exchange {
    struct session *session;
    char headers[HEADERS_MAX + 1];
    size_t left; // of the body, as the headers say
};

// In any thread; where one leaves a test, others would go on in it.
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #cond);                            \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
#define CHECK_EQ(a, b) CHECK((a) == (b))

static struct server *running;
static esp_err_t start_failure, register_failure;

bool http_double_running(void)
{
    return running != NULL;
}

void http_double_fail_start(esp_err_t err)
{
    start_failure = err;
}

void http_double_fail_register(esp_err_t err)
{
    register_failure = err;
}

static esp_err_t fail_once(esp_err_t *failure)
{
    esp_err_t err = *failure;
    *failure = ESP_OK;
    return err;
}

// --- what the adapter calls ----------------------------------------------------------------------

static void *run(void *arg);

// As lwIP's: IPv6, and IPv4 as part of it.
static void start_listening(struct server *s)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6};
    socklen_t size = sizeof a;
    int no = 0;
    s->listening = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK(s->listening >= 0);
    CHECK_EQ(setsockopt(s->listening, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no), 0);
    CHECK_EQ(bind(s->listening, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_EQ(listen(s->listening, s->config.backlog_conn), 0);
    CHECK_EQ(getsockname(s->listening, (struct sockaddr *)&a, &size), 0);
    s->port = ntohs(a.sin6_port);
}

esp_err_t httpd_start(httpd_handle_t *handle, const httpd_config_t *config)
{
    esp_err_t err = fail_once(&start_failure);
    if (err != ESP_OK)
        return err;
    CHECK(!running);
    CHECK(config->max_uri_handlers <= HANDLERS && config->max_open_sockets <= SESSIONS);
    if (config->max_open_sockets > CONFIG_LWIP_MAX_SOCKETS - 3)
        return ESP_ERR_INVALID_ARG;
    running = calloc(1, sizeof *running);
    running->config = *config;
    for (unsigned i = 0; i < config->max_open_sockets; i++)
        running->session[i].fd = -1;
    start_listening(running);
    CHECK_EQ(pipe(running->control), 0);
    CHECK_EQ(sem_init(&running->room, 0, MESSAGES), 0);
    *handle = running;
    CHECK_EQ(sem_init(&running->started, 0, 0), 0);
    pthread_t task;
    CHECK_EQ(pthread_create(&task, NULL, run, running), 0);
    while (sem_wait(&running->started) != 0) // it knows itself
        ;
    return ESP_OK;
}

struct message {
    char what; // 's'top, 'd'one, 'w'ork
    httpd_work_fn_t work;
    void *arg;
};

// A message to its task: waits for room, for which that task must not wait.
static void tell(struct server *s, struct message message)
{
    if (pthread_equal(pthread_self(), s->task))
        CHECK_EQ(sem_trywait(&s->room), 0); // it would wait for itself
    else
        sem_wait(&s->room);
    CHECK_EQ(write(s->control[1], &message, sizeof message), (ssize_t)sizeof message);
}

esp_err_t httpd_queue_work(httpd_handle_t handle, httpd_work_fn_t work, void *arg)
{
    struct server *s = handle;
    CHECK(s == running && !pthread_equal(pthread_self(), s->task)); // it would wait for itself
    tell(s, (struct message){'w', work, arg});
    return ESP_OK;
}

esp_err_t httpd_stop(httpd_handle_t handle)
{
    struct server *s = handle;
    CHECK(handle && handle == running);
    tell(s, (struct message){.what = 's'});
    pthread_join(s->task, NULL);
    if (s->config.global_user_ctx && s->config.global_user_ctx_free_fn)
        s->config.global_user_ctx_free_fn(s->config.global_user_ctx);
    else
        free(s->config.global_user_ctx);
    close(s->listening);
    close(s->control[0]);
    close(s->control[1]);
    free(s);
    running = NULL;
    return ESP_OK;
}

void *httpd_get_global_user_ctx(httpd_handle_t handle)
{
    return ((struct server *)handle)->config.global_user_ctx;
}

static struct session *session_of(httpd_handle_t handle, int fd)
{
    struct server *s = handle;
    for (unsigned i = 0; i < s->config.max_open_sockets; i++)
        if (s->session[i].fd == fd)
            return &s->session[i];
    return NULL;
}

esp_err_t httpd_sess_set_recv_override(httpd_handle_t hd, int sockfd, httpd_recv_func_t recv_func)
{
    session_of(hd, sockfd)->recv = recv_func;
    return ESP_OK;
}

esp_err_t httpd_sess_set_send_override(httpd_handle_t hd, int sockfd, httpd_send_func_t send_func)
{
    session_of(hd, sockfd)->send = send_func;
    return ESP_OK;
}

esp_err_t httpd_sess_set_pending_override(httpd_handle_t hd, int sockfd,
                                          httpd_pending_func_t pending_func)
{
    session_of(hd, sockfd)->has_pending = pending_func;
    return ESP_OK;
}

static const httpd_uri_t *find(const struct server *s, const char *uri, size_t length, int method,
                               bool *known)
{
    *known = false;
    for (unsigned i = 0; i < s->handlers; i++) {
        const httpd_uri_t *h = &s->handler[i];
        bool matches = s->config.uri_match_fn
                           ? s->config.uri_match_fn(h->uri, uri, length)
                           : strlen(h->uri) == length && strncmp(h->uri, uri, length) == 0;
        *known |= matches;
        if (matches && ((int)h->method == method || (int)h->method == HTTP_ANY))
            return h;
    }
    return NULL;
}

esp_err_t httpd_register_uri_handler(httpd_handle_t handle, const httpd_uri_t *uri_handler)
{
    struct server *s = handle;
    bool known;
    esp_err_t err = fail_once(&register_failure);
    if (err != ESP_OK)
        return err;
    if (find(s, uri_handler->uri, strlen(uri_handler->uri), (int)uri_handler->method, &known))
        return ESP_ERR_HTTPD_HANDLER_EXISTS;
    if (s->handlers == s->config.max_uri_handlers)
        return ESP_ERR_HTTPD_HANDLERS_FULL;
    s->handler[s->handlers++] = *uri_handler;
    return ESP_OK;
}

esp_err_t httpd_register_err_handler(httpd_handle_t handle, httpd_err_code_t error,
                                     httpd_err_handler_func_t handler_fn)
{
    struct server *s = handle;
    if (error >= HTTPD_ERR_CODE_MAX)
        return ESP_ERR_INVALID_ARG;
    s->on_error[error] = handler_fn;
    return ESP_OK;
}

// Only the form that ends with an asterisk.
bool httpd_uri_match_wildcard(const char *uri_template, const char *uri_to_match, size_t match_upto)
{
    size_t size = strlen(uri_template);
    CHECK(size > 0 && uri_template[size - 1] == '*');
    return match_upto >= size - 1 && strncmp(uri_template, uri_to_match, size - 1) == 0;
}

// The value of a request's header, up to the end of its line; NULL: it has none.
static const char *header(const struct exchange *x, const char *field)
{
    size_t size = strlen(field);
    const char *line = x->headers;
    while (line && *line) {
        if (strncasecmp(line, field, size) == 0 && line[size] == ':')
            return line + size + 1 + strspn(line + size + 1, " ");
        line = strstr(line, "\r\n");
        line = line ? line + 2 : NULL;
    }
    return NULL;
}

// What reads and writes the socket belongs to its task.
static struct exchange *exchange_of(httpd_req_t *r)
{
    CHECK(pthread_equal(pthread_self(), ((struct server *)r->handle)->task));
    return r->aux;
}

size_t httpd_req_get_hdr_value_len(httpd_req_t *r, const char *field)
{
    const char *value = header(r->aux, field);
    return value ? strcspn(value, "\r") : 0;
}

esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *r, const char *field, char *val, size_t val_size)
{
    const char *value = header(r->aux, field);
    size_t size = value ? strcspn(value, "\r") : 0;
    if (!value)
        return ESP_ERR_NOT_FOUND;
    size_t room = size < val_size ? size : val_size - 1;
    memcpy(val, value, room);
    val[room] = '\0';
    return room == size ? ESP_OK : ESP_ERR_HTTPD_RESULT_TRUNC;
}

static int receive(struct server *s, struct session *at, char *buf, size_t size)
{
    size_t n = size < at->pending_size ? size : at->pending_size;
    if (n == 0)
        return at->recv(s, at->fd, buf, size, 0);
    memcpy(buf, at->pending, n);
    at->pending_size -= n;
    memmove(at->pending, at->pending + n, at->pending_size);
    return (int)n;
}

int httpd_req_recv(httpd_req_t *r, char *buf, size_t buf_len)
{
    struct exchange *x = exchange_of(r);
    size_t size = buf_len < x->left ? buf_len : x->left;
    if (size == 0)
        return 0;
    int n = receive(r->handle, x->session, buf, size);
    x->left -= n > 0 ? (size_t)n : 0;
    return n;
}

int httpd_send(httpd_req_t *r, const char *buf, size_t buf_len)
{
    struct session *at = exchange_of(r)->session;
    CHECK(buf != NULL);
    return at->send(r->handle, at->fd, buf, buf_len, 0);
}

int httpd_req_to_sockfd(httpd_req_t *r)
{
    return exchange_of(r)->session->fd;
}

esp_err_t httpd_req_async_handler_begin(httpd_req_t *r, httpd_req_t **out)
{
    struct exchange *x = exchange_of(r), *copy = malloc(sizeof *copy);
    httpd_req_t *async = malloc(sizeof *async);
    memcpy(async, r, sizeof *async);
    *copy = *x;
    async->aux = copy;
    x->left = 0;
    x->session->async = true;
    *out = async;
    return ESP_OK;
}

esp_err_t httpd_req_async_handler_complete(httpd_req_t *r)
{
    struct exchange *x = r->aux;
    struct server *s = r->handle;
    CHECK(x->session->async);
    __atomic_store_n(&x->session->async, false, __ATOMIC_SEQ_CST);
    free(x);
    free(r);
    tell(s, (struct message){.what = 'd'});
    return ESP_OK;
}

// --- its task ------------------------------------------------------------------------------------

static const char *const methods[] = {
    [HTTP_DELETE] = "DELETE", [HTTP_GET] = "GET",           [HTTP_HEAD] = "HEAD",
    [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",           [HTTP_OPTIONS] = "OPTIONS",
    [5] = "CONNECT",          [HTTP_PROPFIND] = "PROPFIND", [HTTP_PATCH] = "PATCH"};
enum { METHODS = sizeof methods / sizeof methods[0] };

const char *http_method_str(enum http_method m)
{
    return (int)m < METHODS && methods[m] ? methods[m] : "<unknown>";
}

static int find_method(const char *word, size_t size)
{
    for (int i = 0; i < METHODS; i++)
        if (methods[i] && strlen(methods[i]) == size && memcmp(methods[i], word, size) == 0)
            return i;
    return -1;
}

// What the parser says to a request line and headers; HTTPD_ERR_CODE_MAX: it is good.
static httpd_err_code_t parse(httpd_req_t *r, const char *request, const char *end)
{
    struct exchange *x = r->aux;
    size_t word = strcspn(request, " \r");
    r->method = find_method(request, word);
    if (r->method < 0 || request[word] != ' ')
        return HTTPD_400_BAD_REQUEST;
    const char *target = request + word + 1;
    size_t size = strcspn(target, " \r");
    if (size > running->config.max_uri_len)
        return HTTPD_414_URI_TOO_LONG;
    memcpy((char *)(uintptr_t)r->uri, target, size);
    const char *line = strstr(target, "\r\n");
    if (strncmp(target + size, " HTTP/1.", 8) != 0)
        return HTTPD_400_BAD_REQUEST;
    if (line + 2 >= end)
        return HTTPD_ERR_CODE_MAX;
    if ((size_t)(end - line - 2) > running->config.max_req_hdr_len)
        return HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE;
    memcpy(x->headers, line + 2, (size_t)(end - line - 2));
    const char *length = header(x, "Content-Length");
    if (length && (*length < '0' || *length > '9'))
        return HTTPD_400_BAD_REQUEST;
    r->content_len = length ? strtoul(length, NULL, 10) : 0;
    return HTTPD_ERR_CODE_MAX;
}

static esp_err_t fail(httpd_req_t *r, httpd_err_code_t error)
{
    CHECK(running->on_error[error] != NULL); // its own words are HTML
    esp_err_t err = running->on_error[error](r, error);
    return error == HTTPD_500_INTERNAL_SERVER_ERROR ? ESP_FAIL : err;
}

// As http_parser_parse_url() finds it; NULL: it finds none.
static const char *path_of(const char *target)
{
    const char *authority = strstr(target, "://");
    if (target[0] == '/' || target[0] == '*' || !authority)
        return target[0] == '/' || target[0] == '*' ? target : NULL;
    const char *path = authority + 3 + strcspn(authority + 3, "/?#");
    return *path == '/' ? path : NULL;
}

static esp_err_t dispatch(httpd_req_t *r)
{
    bool known;
    const char *path = path_of(r->uri);
    if (!path)
        return ESP_FAIL; // closed without a word
    const httpd_uri_t *h = find(running, path, strcspn(path, "?#"), r->method, &known);
    if (!h)
        return fail(r, known ? HTTPD_405_METHOD_NOT_ALLOWED : HTTPD_404_NOT_FOUND);
    r->user_ctx = h->user_ctx;
    return h->handler(r);
}

// Reads up to the end of the headers, or of what is taken of them. 0, or what recv() has said.
static int read_head(struct server *s, struct session *at, char head[HEAD_ROOM], size_t *size)
{
    char *end = NULL;
    while (!end && *size + BLOCK < HEAD_ROOM) {
        int n = receive(s, at, head + *size, BLOCK);
        if (n <= 0)
            return n < 0 ? n : HTTPD_SOCK_ERR_FAIL;
        *size += (size_t)n;
        head[*size] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    if (end) {
        at->pending_size = (size_t)(head + *size - (end + 4));
        memcpy(at->pending, end + 4, at->pending_size);
        *size -= at->pending_size;
    }
    return 0;
}

// What the handler has left of a body is read and dropped, whatever its length.
static esp_err_t drop_body(httpd_req_t *r)
{
    char dummy[32];
    while (((struct exchange *)r->aux)->left > 0)
        if (httpd_req_recv(r, dummy, sizeof dummy) <= 0)
            return ESP_FAIL;
    return ESP_OK;
}

static esp_err_t serve(struct server *s, struct session *at)
{
    char *head = calloc(1, HEAD_ROOM);
    struct exchange *x = calloc(1, sizeof *x);
    httpd_req_t r = {.handle = s, .aux = x};
    size_t size = 0;
    x->session = at;
    int n = read_head(s, at, head, &size);
    esp_err_t err = ESP_FAIL;
    if (n == HTTPD_SOCK_ERR_TIMEOUT)
        err = fail(&r, HTTPD_408_REQ_TIMEOUT);
    else if (n == 0) {
        httpd_err_code_t error = parse(&r, head, head + size - 2);
        x->left = r.content_len;
        err = error == HTTPD_ERR_CODE_MAX ? dispatch(&r) : fail(&r, error);
    }
    if (err == ESP_OK)
        err = drop_body(&r);
    free(x);
    free(head);
    return err;
}

// --- sockets -------------------------------------------------------------------------------------

static void end_session(struct server *s, struct session *at)
{
    int fd = at->fd;
    CHECK(!at->async); // somebody else uses it
    if (s->config.close_fn)
        s->config.close_fn(s, fd);
    else
        close(fd);
    at->fd = -1;
}

static bool is_async(struct session *at)
{
    return __atomic_load_n(&at->async, __ATOMIC_SEQ_CST);
}

static void process(struct server *s, struct session *at, bool readable)
{
    if (at->fd < 0 || is_async(at))
        return;
    bool pending = at->pending_size > 0 || (at->has_pending && at->has_pending(s, at->fd) > 0);
    if (!readable && !pending)
        return;
    if (serve(s, at) == ESP_OK)
        at->lru = ++s->lru;
    else
        end_session(s, at);
}

static struct session *oldest(struct server *s)
{
    struct session *found = NULL;
    for (unsigned i = 0; i < s->config.max_open_sockets; i++)
        if (!is_async(&s->session[i]) && (!found || s->session[i].lru < found->lru))
            found = &s->session[i];
    CHECK(found); // else it would try again for ever
    return found;
}

static void accept_one(struct server *s)
{
    struct session *at = session_of(s, -1);
    if (!at) {
        CHECK(s->config.lru_purge_enable);
        end_session(s, oldest(s));
        return; // comes again
    }
    int fd = accept(s->listening, NULL, NULL);
    CHECK(fd >= 0);
    *at = (struct session){.fd = fd, .lru = s->lru};
    if (s->config.open_fn && s->config.open_fn(s, fd) != ESP_OK)
        end_session(s, at);
    else
        CHECK(at->recv && at->send); // the library's own wait for up to 5 s at a time
}

static bool handle_message(struct server *s)
{
    struct message message;
    CHECK_EQ(read(s->control[0], &message, sizeof message), (ssize_t)sizeof message);
    sem_post(&s->room);
    if (message.what == 'w')
        message.work(message.arg);
    return message.what != 's';
}

static void *run(void *arg)
{
    struct server *s = arg;
    s->task = pthread_self();
    sem_post(&s->started);
    for (;;) {
        struct pollfd p[2 + SESSIONS] = {{s->control[0], POLLIN, 0}, {s->listening, POLLIN, 0}};
        unsigned max = s->config.max_open_sockets;
        for (unsigned i = 0; i < max; i++)
            p[2 + i] = (struct pollfd){is_async(&s->session[i]) ? -1 : s->session[i].fd, POLLIN, 0};
        CHECK(poll(p, 2 + max, -1) > 0);
        if (p[0].revents && !handle_message(s))
            break;
        for (unsigned i = 0; i < max; i++)
            process(s, &s->session[i], p[2 + i].revents != 0);
        if (p[1].revents)
            accept_one(s);
    }
    for (unsigned i = 0; i < s->config.max_open_sockets; i++)
        if (s->session[i].fd >= 0)
            end_session(s, &s->session[i]);
    return NULL;
}

// --- clients -------------------------------------------------------------------------------------

int http_double_connect(void)
{
    CHECK(running);
    int fd = tcp_client_connect("127.0.0.1", running->port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    return fd;
}

// A password of a Linux server is 600,000 iterations, and the machine may have other work.
enum { ANSWER_MS = 60000 };

void http_double_send(const char *requests, struct http_double_answer *a)
{
    int fd = http_double_connect();
    // It may have been refused before the last byte.
    (void)tcp_client_send(fd, requests, strlen(requests), TCP_CLIENT_MS);
    shutdown(fd, SHUT_WR);
    long n = tcp_client_recv_all(fd, a->text, sizeof a->text - 1, ANSWER_MS);
    CHECK(n >= 0);
    a->size = (size_t)n;
    a->text[n] = '\0';
    close(fd);
}
