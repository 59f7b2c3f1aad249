// SPDX-License-Identifier: Apache-2.0
#include "api/api_endpoints.h"

#include "base/base_text.h"

static const char *const types[] = {"control", "isochronous", "bulk", "interrupt"};

// Upper bounds of the classes that have URBs, and how many they have: [[us, urbs], ...].
static void add_histogram(struct api_json *j, cJSON *o, const struct session_figures *f)
{
    cJSON *list = api_json_array(j, o, "histogram_us");
    for (unsigned c = 0; c < SESSION_LATENCY_CLASSES; c++) {
        if (f->latency[c] == 0)
            continue;
        cJSON *pair = api_json_array(j, list, NULL);
        api_json_number(j, pair, NULL, session_latency_highest(c));
        api_json_number(j, pair, NULL, f->latency[c]);
    }
}

static void add_latency(struct api_json *j, cJSON *o, const struct session_figures *f)
{
    cJSON *latency = api_json_object(j, o, "latency_us");
    api_json_number(j, latency, "mean", f->urbs ? f->latency_sum_us / f->urbs : 0);
    api_json_number(j, latency, "p50", session_latency_percentile(f, 50));
    api_json_number(j, latency, "p99", session_latency_percentile(f, 99));
    api_json_number(j, latency, "max", f->latency_max_us);
    add_histogram(j, o, f);
}

static void add_endpoint(struct api_json *j, cJSON *list, const struct session_endpoint_view *v)
{
    char address[8];
    struct base_text t;
    base_text_init(&t, address, sizeof address);
    base_text_str(&t, "0x");
    base_text_hex(&t, v->ep.address, 2);
    const struct session_figures *f = v->figures;
    cJSON *o = api_json_object(j, list, NULL);
    api_json_text(j, o, "address", address);
    api_json_text(j, o, "type", types[v->ep.type & 3]);
    api_json_number(j, o, "pending", v->pending);
    api_json_seconds(j, o, "oldest_pending_s", v->oldest_us);
    api_json_number(j, o, "urbs", f->urbs);
    api_json_number(j, o, "bytes", f->bytes);
    api_json_number(j, o, "errors", f->errors);
    api_json_number(j, o, "unlinked", f->unlinked);
    api_json_number(j, o, "iso_packets_late", f->iso_late);
    api_json_number(j, o, "iso_packets_lost", f->iso_lost);
    add_latency(j, o, f);
}

void api_endpoints(struct api_json *j, cJSON *list, const struct session *s, uint64_t now_us)
{
    struct session_endpoint_view v;
    for (unsigned number = 0; number < 16; number++)
        for (unsigned in = 0; in < 2; in++)
            if (session_endpoint_view(s, in != 0, number, now_us, &v))
                add_endpoint(j, list, &v);
}
