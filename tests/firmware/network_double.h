// SPDX-License-Identifier: Apache-2.0
// The part of ESP-IDF that components/network uses, as far as the order of calls matters: event
// loop, Ethernet driver, glue, interface with DHCP client, mDNS, SNTP. Calls are written down as
// words. What v5.5.5 does not survive ends the test: an interface that is added twice, a driver
// that goes while it runs, an address beside a running DHCP client.
// Events wait until network_double_pump(), as they do for the event loop's task. One thread, but
// for network_double_receive().
#pragma once

#include "network_frames.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

void network_double_reset(void);

// The words of all calls since the last call of this, separated by blanks. Borrowed.
const char *network_double_calls(void);

// What the last MAC was made with: "MDC,MDIO,REF_CLK,TX_EN,TXD0,TXD1,CRS_DV,RXD0,RXD1". Borrowed.
const char *network_double_pins(void);

// Handles the events that are waiting.
void network_double_pump(void);

// Cable and what is behind it.
void network_double_link(bool up);
void network_double_gateway(bool there);      // 192.168.1.1 answers ARP
void network_double_squatter(unsigned times); // 192.168.1.50 answers ARP so often
void network_double_late_lease(void);         // a lease comes while something waits for lwIP's task
void network_double_lease(bool there);        // the DHCP client gets 192.168.1.77
void network_double_deaf(bool deaf);          // until the driver is installed again

// One frame, as from the driver's receive task. Any thread, once the driver is installed.
void network_double_receive(void);

// The next call of this name fails ("install", "start", "uninstall", "mdns_init", "new_netif").
void network_double_fail(const char *call);

// What is set in lwIP now ("192.168.1.50"), "" if nothing. Borrowed.
const char *network_double_address(void);
const char *network_double_dns(void);
const char *network_double_host_name(void);

// The library's clock callback.
void network_double_set_clock(const struct timeval *tv);

// Restart of the chip: the shutdown handlers.
void network_double_shutdown(void);
