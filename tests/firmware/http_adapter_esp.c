// SPDX-License-Identifier: Apache-2.0
#include "http_esp.h"
#include "http_esp_conn.h"
#include "tests/firmware/http_double.h"
#include "tests/http/http_adapter.h"
#include "tests/port/port_rig.h"
#include "tests/support/check.h"

const unsigned http_adapter_jobs = HTTP_ESP_JOBS;
const unsigned http_adapter_jobs_of_nobody = 1;

static struct port_rig rig;
static struct http_esp *http;
static struct http_double_answer answer;

void http_adapter_begin(void)
{
    char why[200] = "";
    port_rig_init(&rig);
    port_rig_start(&rig);
    const struct http_esp_config config = {
        .port = 80,
        .http = {.loop = rig.loop, .api = {.server = rig.server, .version = "1.2.3"}},
        .priority = 5,
        .core = 1,
        .stack_size = 6144,
        .jobs_priority = 4,
        .jobs_core = 0,
        .jobs_stack_size = 6144,
    };
    http = http_esp_start(&config, why, sizeof why);
    CHECK_STR(why, "");
}

void http_adapter_end(void)
{
    http_esp_stop(http);
    port_rig_end(&rig);
}

const char *http_adapter_send(const char *request, size_t *size)
{
    http_double_send(request, &answer);
    *size = answer.size;
    return answer.text;
}

void http_adapter_facts(struct api_port_facts *facts)
{
    http_esp_facts(http, facts);
}

int http_adapter_connect(void)
{
    return http_double_connect();
}
