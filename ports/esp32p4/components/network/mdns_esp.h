// SPDX-License-Identifier: Apache-2.0
// mDNS and DNS-SD through espressif/mdns: the host name, _usbip._tcp and _http._tcp. The library
// follows the interface "ETH_DEF" by itself, probes, and adds "-2" to a host name that somebody
// else has. Without it everything else works: what fails is a warning. Its functions wait for the
// library's task, so they belong to the network task.
// Checked against espressif/mdns 1.11.3.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mdns_esp {
    uint16_t usbip_port, http_port;
    const char *version; // of the firmware; borrowed
    char id[13];         // of the box: its MAC address in hexadecimal
    bool running;
    unsigned devices; // as announced
};

// Announces the services with the number of devices that can be attached; the fields above
// `running` are set before.
void mdns_esp_start(struct mdns_esp *m, const char *host_name, unsigned devices);

// Nothing happens if the number is what it was.
void mdns_esp_devices(struct mdns_esp *m, unsigned devices);

void mdns_esp_host_name(struct mdns_esp *m, const char *host_name);

// Says good-bye.
void mdns_esp_stop(struct mdns_esp *m);
