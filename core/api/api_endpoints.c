// SPDX-License-Identifier: Apache-2.0
#include "api/api_endpoints.h"

const char *api_endpoint_type(unsigned type)
{
    static const char *const types[] = {"control", "isochronous", "bulk", "interrupt"};
    return types[type & 3];
}

static uint64_t percentile(const struct session_figures *f, unsigned percent)
{
    return f->urbs ? session_latency_percentile(f, percent) : API_JSON_UNKNOWN;
}

static void add_latency(struct api_json *j, const char *name, const struct session_figures *f)
{
    api_json_object(j, name);
    api_json_latency(j, "p50", percentile(f, 50));
    api_json_latency(j, "p99", percentile(f, 99));
    api_json_latency(j, "mean", f->urbs ? f->latency_sum_us / f->urbs : API_JSON_UNKNOWN);
    api_json_latency(j, "max", f->urbs ? f->latency_max_us : API_JSON_UNKNOWN);
    api_json_object_end(j);
}

// An IN waits until the device has something to say, which may take hours.
static bool waits_for_data(const struct session_endpoint_view *v, bool in)
{
    return v->pending > 0 && in && (v->ep.type == USB_BULK || v->ep.type == USB_INTERRUPT);
}

static void add_endpoint(struct api_json *j, const struct session_endpoint_view *v, bool in)
{
    const struct session_figures *f = v->figures;
    api_json_object(j, NULL);
    api_json_hex(j, "address", (v->ep.address & 0x0fu) | (in ? USB_DIR_IN : 0u), 2);
    api_json_text(j, "direction", in ? "in" : "out");
    api_json_text(j, "type", api_endpoint_type(v->ep.type));
    api_json_number(j, "max_packet_size", v->ep.max_packet_size);
    api_json_number(j, "pending", v->pending);
    api_json_seconds(j, "oldest_pending_s", v->pending ? v->oldest_us : API_JSON_UNKNOWN);
    api_json_bool(j, "waits_for_data", waits_for_data(v, in));
    api_json_number(j, "urbs", f->urbs);
    api_json_number(j, "bytes", f->bytes);
    api_json_number(j, "errors", f->errors);
    api_json_number(j, "unlinked", f->unlinked);
    api_json_number(j, "iso_packets_late", f->iso_late);
    api_json_number(j, "iso_packets_lost", f->iso_lost);
    add_latency(j, "latency_s", f);
    api_json_object_end(j);
}

void api_endpoints(struct api_json *j, const struct session *s, uint64_t now_us)
{
    struct session_endpoint_view v;
    api_json_array(j, "endpoints");
    for (unsigned number = 0; s && number < 16; number++)
        for (unsigned in = 0; in < 2; in++)
            if (session_endpoint_view(s, in != 0, number, now_us, &v))
                add_endpoint(j, &v, in != 0);
    api_json_array_end(j);
}
