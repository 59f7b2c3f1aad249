// SPDX-License-Identifier: Apache-2.0
#include "api/api_endpoints.h"

const char *api_endpoint_type(unsigned type)
{
    static const char *const types[SESSION_TYPES] = {"control", "isochronous", "bulk", "interrupt",
                                                     "no_endpoint"};
    return types[type];
}

static void add_latencies(struct api_json *j, const struct session_latencies *l)
{
    bool any = l->urbs > 0;
    api_json_latency(j, "p50", any ? l->p50_us : API_JSON_UNKNOWN);
    api_json_latency(j, "p99", any ? l->p99_us : API_JSON_UNKNOWN);
    api_json_latency(j, "mean", any ? l->mean_us : API_JSON_UNKNOWN);
    api_json_latency(j, "max", any ? l->max_us : API_JSON_UNKNOWN);
}

static void add_times(struct api_json *j, const struct session_endpoint_view *v)
{
    const struct session_latencies all = session_latencies(v->figures, NULL),
                                   minute = session_latencies(v->figures, v->minute_ago);
    api_json_object(j, "latency_s");
    add_latencies(j, &all);
    api_json_object_end(j);
    api_json_object(j, "latency_last_minute_s");
    api_json_seconds(j, "window_s", v->minute_us);
    add_latencies(j, &minute);
    api_json_object_end(j);
}

static void add_rates(struct api_json *j, const struct session_figures *f)
{
    const struct session_step rates = session_figures_rates(f);
    api_json_object(j, "rates");
    api_json_number(j, "bytes_per_s", rates.bytes);
    api_json_number(j, "urbs_per_s", rates.urbs);
    api_json_object_end(j);
}

static const char *direction(const struct usb_endpoint *ep)
{
    if ((ep->address & 0x0f) == 0)
        return "both";
    return ep->address & USB_DIR_IN ? "in" : "out";
}

// An IN waits until the device has something to say, which may take hours.
static bool waits_for_data(const struct session_endpoint_view *v)
{
    bool in = (v->ep.address & USB_DIR_IN) != 0;
    return v->pending > 0 && in && (v->ep.type == USB_BULK || v->ep.type == USB_INTERRUPT);
}

static void add_endpoint(struct api_json *j, const struct session_endpoint_view *v)
{
    const struct session_figures *f = v->figures;
    api_json_object(j, NULL);
    api_json_hex(j, "address", v->ep.address, 2);
    api_json_text(j, "direction", direction(&v->ep));
    api_json_text(j, "type", api_endpoint_type(v->ep.type));
    api_json_number(j, "max_packet_size", v->ep.max_packet_size);
    api_json_number(j, "pending", v->pending);
    api_json_seconds(j, "oldest_pending_s", v->pending ? v->oldest_us : API_JSON_UNKNOWN);
    api_json_bool(j, "waits_for_data", waits_for_data(v));
    api_json_number(j, "urbs", f->urbs);
    api_json_number(j, "bytes", f->bytes);
    api_json_number(j, "errors", f->errors);
    api_json_number(j, "unlinked", f->unlinked);
    api_json_number(j, "iso_packets_late", f->iso_late);
    api_json_number(j, "iso_packets_lost", f->iso_lost);
    add_rates(j, f);
    add_times(j, v);
    api_json_object_end(j);
}

void api_endpoints(struct api_json *j, const struct session *s, uint64_t now_us)
{
    struct session_endpoint_view v;
    api_json_array(j, "endpoints");
    for (unsigned number = 0; s && number < 16; number++)
        for (unsigned in = 0; in < 2; in++)
            if (session_endpoint_view(s, in != 0, number, now_us, &v))
                add_endpoint(j, &v);
    api_json_array_end(j);
}
