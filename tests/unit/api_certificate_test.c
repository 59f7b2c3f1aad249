// SPDX-License-Identifier: Apache-2.0
// The certificate of HTTPS over HTTP, with a port that says what it is told.
#include "api/api_certificate.h"
#include "api/api_job.h"
#include "tests/support/api_rig.h"

#include <stdlib.h>
#include <string.h>

struct rig {
    struct stage stage;
    struct api_context ctx;
    struct api_certificate port;
    enum api_certificate_result result; // of the next put
    char certificate[16], key[16];      // that it got
    char *long_body;
};

static void get(void *ctx, struct api_certificate_facts *facts)
{
    const struct rig *r = ctx;
    strcpy(facts->subject, r->certificate);
    strcpy(facts->names, "bench\n10.0.0.7\n");
    strcpy(facts->sha256, "00ff");
    facts->not_before_s = 1764460800;
    facts->not_after_s = 1764547200;
    facts->self_made = true;
}

static enum api_certificate_result put(void *ctx, const char *certificate, const char *key,
                                       char *why)
{
    struct rig *r = ctx;
    strcpy(why, "So it is.");
    if (r->result == API_CERTIFICATE_OK) {
        strcpy(r->certificate, certificate);
        strcpy(r->key, key);
    }
    return r->result;
}

static void begin(struct rig *r)
{
    const struct stage_options options = {0};
    memset(r, 0, sizeof *r);
    CHECK(stage_open(&r->stage, &options));
    r->ctx = api_rig_context(&r->stage);
    r->port = (struct api_certificate){get, put, r};
    r->ctx.certificate = &r->port;
}

static void finish(struct rig *r)
{
    free(r->long_body);
    stage_close(&r->stage);
}

#define CERTIFICATE_TEST(id) TEST_WITH(id, struct rig, r, begin(r), finish(r))

// The status, and whether the answer has `text`.
static void ask_from(struct rig *r, const struct base_address *from, bool secure,
                     const char *method, const char *body, int status, const char *text)
{
    const struct api_request request = {.method = method,
                                        .path = "/api/v1/certificate",
                                        .query = "",
                                        .peer = from,
                                        .secure = secure,
                                        .body = body,
                                        .body_size = body ? strlen(body) : 0};
    struct api_response answer = api_handle(&r->ctx, &request);
    if (answer.kind == API_JOB) {
        struct api_job *job = answer.job;
        if (job->begin(job, &r->ctx))
            job->run(job);
        answer = job->finish(job, &r->ctx);
        job->free(job);
    }
    CHECK_EQ(answer.status, status);
    CHECK(answer.body && strstr(answer.body, text));
    api_response_free(&answer);
}

static void ask(struct rig *r, const char *method, const char *body, int status, const char *text)
{
    const struct base_address here = {.bytes = {127, 0, 0, 1}, .bits = 32};
    ask_from(r, &here, false, method, body, status, text);
}

static const char both[] = "{\"certificate\":\"C\",\"key\":\"K\"}";

CERTIFICATE_TEST(api_certificate_is_shown)
{
    ask(r, "GET", NULL, 200,
        "{\"subject\":\"\",\"names\":[\"bench\",\"10.0.0.7\"],"
        "\"not_before\":\"2025-11-30T00:00:00.000Z\",\"not_after\":\"2025-12-01T00:00:00.000Z\","
        "\"sha256\":\"00ff\",\"self_made\":true}");
    r->ctx.certificate = NULL;
    ask(r, "GET", NULL, 404, "--https-port");
    ask(r, "PUT", both, 404, "--https-port");
}

CERTIFICATE_TEST(api_certificate_is_changed)
{
    ask(r, "PUT", both, 200, "{\"subject\":\"C\"");
    CHECK_STR(r->key, "K");
    CHECK_EQ(stage_count_events(&r->stage, EVENT_CERTIFICATE_CHANGED), 1);
}

// Over plain HTTP all between the two would have the key.
CERTIFICATE_TEST(api_certificate_comes_by_https)
{
    const struct base_address there = {.bytes = {10, 0, 0, 7}, .bits = 32};
    r->ctx.writers = API_WRITERS_ALL;
    ask_from(r, &there, false, "PUT", both, 409, "over HTTPS, or from this machine");
    CHECK_STR(r->key, "");
    ask_from(r, &there, true, "PUT", both, 200, "{\"subject\":\"C\"");
    ask_from(r, &there, false, "GET", NULL, 200, "{\"subject\":\"C\"");
}

CERTIFICATE_TEST(api_certificate_is_refused)
{
    static const struct {
        enum api_certificate_result result;
        int status;
        const char *text;
    } cases[] = {
        {API_CERTIFICATE_WRONG, 422, "\"pointer\":\"/certificate\""},
        {API_CERTIFICATE_WRONG_KEY, 422, "\"pointer\":\"/key\""},
        {API_CERTIFICATE_FIXED, 409, "So it is."},
        {API_CERTIFICATE_FAILED, 503, "So it is."},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        r->result = cases[i].result;
        ask(r, "PUT", both, cases[i].status, cases[i].text);
    }
    ask(r, "PUT", "{}", 422, "\"pointer\":\"/certificate\"");
    ask(r, "PUT", "{\"certificate\":\"C\"}", 422, "\"pointer\":\"/key\"");
    ask(r, "PUT", "{\"certificate\":\"C\",\"key\":\"K\",\"x\":1}", 422, "\"pointer\":\"/x\"");
    ask(r, "PUT", "[]", 400, "no JSON object");
    CHECK_EQ(stage_count_events(&r->stage, EVENT_CERTIFICATE_CHANGED), 0);
    CHECK_STR(r->key, "");
}

CERTIFICATE_TEST(api_certificate_of_64_kib_at_most)
{
    r->long_body = calloc(1, API_CERTIFICATE_MAX + 100);
    strcpy(r->long_body, "{\"certificate\":\"C\",\"key\":\"");
    memset(r->long_body + strlen(r->long_body), 'K', API_CERTIFICATE_MAX + 1);
    strcat(r->long_body, "\"}");
    ask(r, "PUT", r->long_body, 422, "longer than 65536 bytes");
}
