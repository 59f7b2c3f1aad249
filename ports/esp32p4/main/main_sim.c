// SPDX-License-Identifier: Apache-2.0
#include "main_sim.h"

#include "esp_log.h"
#include "sdkconfig.h"
#include "sim/set/sim_set.h"

static const char tag[] = "sim";

void main_sim_start(struct usbip_server *server, const struct base_alloc *alloc,
                    struct api_simulate *simulate)
{
    char why[128];
    struct sim_bus *bus = sim_bus_create(alloc, MAIN_SIM_BUS);
    if (!bus) {
        ESP_LOGE(tag, "no memory for simulated devices");
        return;
    }
    if (sim_set_plug(bus, CONFIG_USBIP_SIM, NULL, why, sizeof why) != BASE_OK)
        ESP_LOGE(tag, "CONFIG_USBIP_SIM: %s", why);
    sim_set_simulate(simulate, bus);
    (void)server_add_backend(server, sim_bus_backend(bus)); // the limit is 4, this is the second
}
