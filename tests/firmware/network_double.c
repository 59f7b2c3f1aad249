// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/network_double_state.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

enum { CALLS_SIZE = 4096 };

ESP_EVENT_DEFINE_BASE(ETH_EVENT);
ESP_EVENT_DEFINE_BASE(IP_EVENT);

struct network_double network_double;
static char calls[CALLS_SIZE], handed_out[CALLS_SIZE], failing[TEXT_SIZE];

void network_double_reset(void)
{
    memset(&network_double, 0, sizeof network_double);
    calls[0] = failing[0] = '\0';
    network_double_forget_names();
}

void network_double_write(const char *word, const char *detail)
{
    size_t used = strlen(calls);
    snprintf(calls + used, sizeof calls - used, "%s%s%s%s", used ? " " : "", word,
             detail[0] ? ":" : "", detail);
}

const char *network_double_calls(void)
{
    memcpy(handed_out, calls, sizeof calls);
    calls[0] = '\0';
    return handed_out;
}

void network_double_fail(const char *call)
{
    snprintf(failing, sizeof failing, "%s", call);
}

bool network_double_fails(const char *call)
{
    bool fails = strcmp(call, failing) == 0;
    if (fails)
        failing[0] = '\0';
    return fails;
}

esp_err_t network_double_call(const char *word)
{
    network_double_write(word, "");
    return network_double_fails(word) ? ESP_FAIL : ESP_OK;
}

const char *network_double_ip_text(char text[TEXT_SIZE], uint32_t address)
{
    uint8_t ip[4];
    memcpy(ip, &address, sizeof ip);
    snprintf(text, TEXT_SIZE, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
    return address ? text : "";
}

const char *network_double_address(void)
{
    static char text[TEXT_SIZE];
    return network_double_ip_text(text, network_double.up ? network_double.in_use.ip.addr : 0);
}

const char *network_double_dns(void)
{
    static char text[TEXT_SIZE];
    return network_double_ip_text(text, network_double.dns);
}

const char *network_double_host_name(void)
{
    return network_double.host_name;
}

// --- event loop ----------------------------------------------------------------------------------

void network_double_post(esp_event_base_t base, int32_t id)
{
    CHECK(network_double.event_count < EVENTS);
    network_double.events[network_double.event_count++] = (struct event){base, id};
}

bool network_double_dispatch(void)
{
    if (network_double.event_count == 0)
        return false;
    const struct event first = network_double.events[0], *e = &first;
    network_double.event_count--;
    memmove(network_double.events, network_double.events + 1,
            network_double.event_count * sizeof first);
    for (unsigned i = 0; i < HANDLERS; i++)
        if (network_double.handlers[i].fn && network_double.handlers[i].base == e->base &&
            network_double.handlers[i].id == e->id)
            network_double.handlers[i].fn(network_double.handlers[i].arg, e->base, e->id, NULL);
    return true;
}

esp_err_t esp_event_loop_create_default(void)
{
    return ESP_OK;
}

// In the order of registration: behind the last one, never in a gap.
esp_err_t esp_event_handler_instance_register(esp_event_base_t event_base, int32_t event_id,
                                              esp_event_handler_t event_handler,
                                              void *event_handler_arg,
                                              esp_event_handler_instance_t *instance)
{
    unsigned at = 0;
    for (unsigned i = 0; i < HANDLERS; i++)
        if (network_double.handlers[i].fn)
            at = i + 1;
    CHECK(at < HANDLERS);
    network_double.handlers[at] =
        (struct handler){event_base, event_id, event_handler, event_handler_arg};
    *instance = &network_double.handlers[at];
    return ESP_OK;
}

esp_err_t esp_event_handler_instance_unregister(esp_event_base_t event_base, int32_t event_id,
                                                esp_event_handler_instance_t instance)
{
    struct handler *h = instance;
    CHECK(h->fn && h->base == event_base && h->id == event_id);
    *h = (struct handler){0};
    return ESP_OK;
}

// --- restart -------------------------------------------------------------------------------------

esp_err_t esp_register_shutdown_handler(shutdown_handler_t handle)
{
    network_double.shutdown = handle;
    return ESP_OK;
}

void network_double_shutdown(void)
{
    CHECK(network_double.shutdown);
    network_double.shutdown();
}
