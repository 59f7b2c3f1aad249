// SPDX-License-Identifier: Apache-2.0
#include "mdns_esp.h"
#include "esp_log.h"
#include "mdns.h"

#include <stdio.h>

static const char tag[] = "mdns";

enum { NUMBER_SIZE = 12 };

// True if it went well.
static bool warn(esp_err_t err, const char *what)
{
    if (err != ESP_OK)
        ESP_LOGW(tag, "%s: %s", what, esp_err_to_name(err));
    return err == ESP_OK;
}

static esp_err_t add_usbip(const struct mdns_esp *m)
{
    char devices[NUMBER_SIZE];
    snprintf(devices, sizeof devices, "%u", m->devices);
    mdns_txt_item_t txt[] = {{"version", m->version}, {"id", m->id}, {"devices", devices}};
    return mdns_service_add(NULL, "_usbip", "_tcp", m->usbip_port, txt, sizeof txt / sizeof txt[0]);
}

static esp_err_t add_http(const struct mdns_esp *m)
{
    mdns_txt_item_t txt[] = {{"version", m->version}, {"id", m->id}, {"path", "/"}};
    return mdns_service_add(NULL, "_http", "_tcp", m->http_port, txt, sizeof txt / sizeof txt[0]);
}

void mdns_esp_start(struct mdns_esp *m, const char *host_name, unsigned devices)
{
    m->devices = devices;
    m->running = warn(mdns_init(), "cannot be found by name, mDNS did not start");
    if (!m->running)
        return;
    mdns_esp_host_name(m, host_name);
    warn(add_usbip(m), "does not announce USB/IP");
    warn(add_http(m), "does not announce the web pages");
}

void mdns_esp_devices(struct mdns_esp *m, unsigned devices)
{
    char text[NUMBER_SIZE];
    if (!m->running || m->devices == devices)
        return;
    m->devices = devices;
    snprintf(text, sizeof text, "%u", devices);
    warn(mdns_service_txt_item_set("_usbip", "_tcp", "devices", text),
         "announces an old number of devices");
}

void mdns_esp_host_name(struct mdns_esp *m, const char *host_name)
{
    if (!m->running)
        return;
    warn(mdns_hostname_set(host_name), "keeps its old host name");
    warn(mdns_instance_name_set(host_name), "keeps its old instance name");
}

void mdns_esp_stop(struct mdns_esp *m)
{
    if (m->running)
        mdns_free();
    m->running = false;
}
