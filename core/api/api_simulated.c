// SPDX-License-Identifier: Apache-2.0
#include "api/api_simulated.h"
#include "api/api_body.h"
#include "api/api_json.h"
#include "api/api_problem.h"
#include "api/api_simulate.h"

#include "base/base_text.h"

#include <string.h>

enum { WHY_SIZE = 200 };

static struct api_response accepted(int status, const char *busid)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_text(&j, "busid", busid);
    api_json_object_end(&j);
    return api_answer(status, api_json_end(&j));
}

static struct api_response refused(enum base_err err, const char *detail)
{
    if (err == BASE_ERR_NOMEM)
        return api_answer(200, NULL);
    return api_problem(409, "That cannot be done now", detail);
}

// True: it is a simulated device, also by its alias while it is plugged in. Else *r says what it
// is.
static bool find(const struct api_context *ctx, const char *name, struct api_simulated *s,
                 struct api_response *r)
{
    const struct registry_device *d = registry_find_named(server_registry(ctx->server), name);
    const char *busid = d ? d->info.busid : name;
    if (ctx->simulate && ctx->simulate->find(ctx->simulate->ctx, busid, s))
        return true;
    if (d)
        *r = api_problem(409, "Not a simulated device",
                         "Only simulated devices can be plugged, unplugged and typed on.");
    else
        *r = api_problem(404, "No such device", "No device has that bus ID.");
    return false;
}

static const char *why_plugged(enum api_presence presence)
{
    if (presence == API_NO_POWER)
        return "It is plugged in, but its port has no power. Switch it on.";
    if (presence == API_NO_HUB)
        return "It is plugged in, but its hub is not on the bus. Plug in the hub, or switch it on.";
    return "It is plugged in already.";
}

struct api_response api_post_plug(const struct api_context *ctx, const struct api_request *req,
                                  const char *name)
{
    struct api_simulated s;
    struct api_response r;
    (void)req;
    if (!find(ctx, name, &s, &r))
        return r;
    if (s.presence != API_PULLED)
        return refused(BASE_ERR_BUSY, why_plugged(s.presence));
    enum base_err err = ctx->simulate->plug(ctx->simulate->ctx, s.busid);
    return err == BASE_OK ? accepted(202, s.busid) : refused(err, why_plugged(API_WORKS));
}

struct api_response api_post_unplug(const struct api_context *ctx, const struct api_request *req,
                                    const char *name)
{
    struct api_simulated s;
    struct api_response r;
    (void)req;
    if (!find(ctx, name, &s, &r))
        return r;
    enum base_err err = s.presence == API_PULLED
                            ? BASE_ERR_NOT_FOUND
                            : ctx->simulate->unplug(ctx->simulate->ctx, s.busid);
    return err == BASE_OK ? accepted(202, s.busid) : refused(err, "It is unplugged already.");
}

// --- typing --------------------------------------------------------------------------------------

static struct api_response no_key(size_t at)
{
    char detail[WHY_SIZE];
    struct base_text t;
    base_text_init(&t, detail, sizeof detail);
    base_text_str(&t, "Character ");
    base_text_u64(&t, at + 1);
    base_text_str(&t, " has no key on a US keyboard.");
    const struct api_error error = {"/text", detail};
    return api_problem_of(422, "That cannot be typed", detail, &error, 1);
}

static struct api_response type(const struct api_context *ctx, const char *busid, const char *text)
{
    struct api_json j;
    size_t at = 0;
    enum base_err err = ctx->simulate->type(ctx->simulate->ctx, busid, text, &at);
    if (err == BASE_ERR_INVALID)
        return no_key(at);
    if (err != BASE_OK)
        return refused(err, "It has more to type than it can keep. Try again in a moment.");
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_number(&j, "characters", strlen(text)); // ASCII, or it had been refused
    api_json_object_end(&j);
    return api_answer(202, api_json_end(&j));
}

struct api_response api_post_type(const struct api_context *ctx, const struct api_request *req,
                                  const char *name)
{
    struct api_simulated s;
    struct api_response r;
    if (!find(ctx, name, &s, &r))
        return r;
    if (!s.types || s.presence != API_WORKS)
        return api_problem(409, "Not a keyboard that is plugged in", "It cannot type.");
    char *text = api_body_text(req, "text", &r);
    if (!text)
        return r;
    r = type(ctx, s.busid, text);
    api_text_free(text);
    return r;
}

// --- more of them --------------------------------------------------------------------------------

static struct api_response none_here(void)
{
    return api_problem(404, "No simulated devices", "This server has none built in.");
}

struct api_response api_get_simulate(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument)
{
    struct api_json j;
    struct api_simulate_kind kind;
    const struct api_simulate *sim = ctx->simulate;
    (void)req;
    (void)argument;
    if (!sim)
        return none_here();
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_array(&j, "kinds");
    for (unsigned i = 0; sim->kind(sim->ctx, i, &kind); i++) {
        api_json_object(&j, NULL);
        api_json_text(&j, "kind", kind.name);
        api_json_text(&j, "help", kind.help);
        api_json_text(&j, "example", kind.name);
        api_json_object_end(&j);
    }
    api_json_array_end(&j);
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}

static struct api_response add(const struct api_context *ctx, const char *spec)
{
    char busid[USB_BUSID_SIZE] = "", why[WHY_SIZE] = "";
    enum base_err err = ctx->simulate->add(ctx->simulate->ctx, spec, busid, why, sizeof why);
    const struct api_error error = {"/device", why};
    if (err == BASE_OK)
        return accepted(201, busid);
    if (err == BASE_ERR_NOMEM)
        return api_answer(200, NULL);
    if (err == BASE_ERR_LIMIT)
        return api_problem(409, "There is no room for it", why);
    return api_problem_of(422, "There is no such device", why, &error, 1);
}

struct api_response api_post_simulate(const struct api_context *ctx, const struct api_request *req,
                                      const char *argument)
{
    struct api_response r;
    (void)argument;
    if (!ctx->simulate)
        return none_here();
    char *spec = api_body_text(req, "device", &r);
    if (!spec)
        return r;
    r = add(ctx, spec);
    if (r.status == 201)
        (void)base_text_copy(r.location, sizeof r.location, "/api/v1/devices");
    api_text_free(spec);
    return r;
}
