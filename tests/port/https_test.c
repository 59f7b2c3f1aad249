// SPDX-License-Identifier: Apache-2.0
// The certificate of HTTPS over the years. What clients see is tests/api/https_test.py's.
#include "ports/linux/http_mhd.h"
#include "tests/port/http_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"
#include "tests/support/tls_client.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { NOW = 1780000000, DAY = 24 * 3600 };

static _Atomic time_t now;

static time_t fake_clock(void)
{
    return atomic_load(&now);
}

static const struct log quiet = {.level = EVENTLOG_ERROR};

static struct https *open_in(const char *folder)
{
    char why[API_CERTIFICATE_WHY] = "";
    const struct https_config config = {.state_folder = folder,
                                        .names = "localhost\n127.0.0.1\n",
                                        .log = &quiet,
                                        .clock = fake_clock};
    struct https *h = https_open(&config, why);
    if (!h)
        CHECK_STR(why, "");
    return h;
}

static void sha256_of(const struct https *h, char sha256[65])
{
    struct api_certificate_facts facts;
    const struct api_certificate *c = https_certificate(h);
    c->get(c->ctx, &facts);
    strcpy(sha256, facts.sha256);
}

// The next handshake makes it.
TEST(https_renews_while_it_runs)
{
    struct http_rig *r = http_rig_begin();
    struct settings_folder folder;
    char first[65], second[65], why[200] = "", bytes[17];
    atomic_store(&now, NOW);
    settings_folder_make(&folder);
    struct https *https = open_in(folder.path);
    http_stop(r->http);
    r->config.https = https;
    r->config.https_listen = "127.0.0.1";
    r->http = http_start(&r->config, why, sizeof why);
    CHECK_STR(why, "");
    uint16_t port = http_secure_listener(r->http)->port;
    for (unsigned years = 0; years < 3; years++) {
        sha256_of(https, first);
        int fd = tls_client_connect(tcp_client_connect("127.0.0.1", port, TCP_CLIENT_MS), 0);
        CHECK(tcp_client_send(fd, "GET /healthz HTTP/1.0\r\n\r\n", 25, TCP_CLIENT_MS));
        CHECK(tcp_client_recv(fd, bytes, sizeof bytes, TCP_CLIENT_MS));
        CHECK_BYTES(bytes, "HTTP/1.1 200 OK\r\n", sizeof bytes);
        close(fd);
        sha256_of(https, second);
        CHECK_EQ(strcmp(first, second) == 0, years == 0);
        if (years < 2)
            atomic_fetch_add(&now, (CERTIFICATE_DAYS - 10) * (time_t)DAY);
    }
    http_rig_end(r);
    https_close(https);
    https = open_in(folder.path); // it is kept
    sha256_of(https, first);
    CHECK_STR(first, second);
    https_close(https);
    settings_folder_remove(&folder);
}

// A key file may have certificates in it as well, and the two are kept in one.
TEST(https_keeps_what_it_has_read_of_a_bundle)
{
    struct settings_folder folder;
    char one[CERTIFICATE_PEM_SIZE], bundle[2 * CERTIFICATE_PEM_SIZE];
    char why[API_CERTIFICATE_WHY] = "", put[65], kept[65];
    atomic_store(&now, NOW);
    settings_folder_make(&folder);
    CHECK(certificate_make("other\n", NOW, bundle));
    CHECK(certificate_make("one\n", NOW, one));
    strcpy(strstr(bundle, "-----BEGIN PRIVATE"), strstr(one, "-----BEGIN PRIVATE"));
    struct https *https = open_in(folder.path);
    const struct api_certificate *c = https_certificate(https);
    CHECK_EQ(c->put(c->ctx, one, bundle, why), API_CERTIFICATE_OK);
    sha256_of(https, put);
    https_close(https);
    https = open_in(folder.path);
    CHECK(https);
    sha256_of(https, kept);
    CHECK_STR(kept, put);
    https_close(https);
    settings_folder_remove(&folder);
}
