// SPDX-License-Identifier: Apache-2.0
#include "devices_cost.h"

#include "api/api_devices.h"
#include "plain_backend.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES = 8, LONG_ENOUGH = 600 * DEVICES };

// There is no RV32 build of the library; only its memory is needed here.
void *cJSON_malloc(size_t size)
{
    return malloc(size);
}

void cJSON_free(void *p)
{
    free(p);
}

static void *heap_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void heap_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static void attach(struct usbip_server *server, const struct plain_backend *b, unsigned index)
{
    static const struct base_peer peer = {{{0x20, 0x01, 0x0d, 0xb8}, 128}, 50000};
    uint8_t request[WIRE_OP_IMPORT_SIZE];
    struct base_iovec iov;
    struct session *s = server_connected(server, &peer, 0);
    REQUIRE(s && session_rx_vectors(s, &iov, 1) == 1 && iov.size >= sizeof request);
    plain_backend_import(request, b, index);
    memcpy(iov.data, request, sizeof request);
    session_rx_commit(s, sizeof request, 0);
    server_step(server, 0);
}

uint32_t devices_cost(uint32_t (*instructions)(void))
{
    static const uint8_t config[] = {9, 2, 25, 0,  1, 1, 0, 0x80, 50, 9, 4, 0, 0,
                                     1, 8, 6,  80, 0, 7, 5, 0x81, 2,  0, 2, 0};
    const struct base_alloc alloc = {heap_alloc, heap_free, NULL};
    struct server_config c;
    struct plain_backend *b =
        plain_backend_create(DEVICES, (struct base_span){config, sizeof config}, false);
    server_config_default(&c);
    struct usbip_server *server = server_create(&c, &alloc, 0);
    REQUIRE(server && server_add_backend(server, &b->backend) == BASE_OK);
    server_step(server, 0);
    for (unsigned i = 0; i < DEVICES; i++)
        attach(server, b, i);
    const struct api_context ctx = {.server = server, .version = "1", .now_us = 1000000};
    const struct api_request request = {.method = "GET", .path = "/api/v1/devices"};
    uint32_t before = instructions();
    struct api_response r = api_get_devices(&ctx, &request, "");
    uint32_t n = instructions() - before;
    REQUIRE(r.status == 200 && r.size > LONG_ENOUGH && strstr(r.body, "\"state\":\"in_use\""));
    return n;
}
