// SPDX-License-Identifier: Apache-2.0
#include "api/api_guard.h"
#include "api/api_header.h"
#include "base/base_text.h"
#include "settings/settings.h"

#include <string.h>

enum { HOST_SIZE = 96 }; // longer than all that are ours, with a port

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && api_header_same(text + n - m, end);
}

// Takes the port off: "[::1]:8080" is "::1", "bench:8080" is "bench".
static bool host_of(const char *header, char host[HOST_SIZE])
{
    bool bracket = header[0] == '[';
    if (!base_text_copy(host, HOST_SIZE, header + bracket))
        return false;
    char *end = strchr(host, bracket ? ']' : ':');
    if (end)
        *end = '\0';
    return end || !bracket;
}

static bool is_in_settings(const struct settings *s, const char *host)
{
    for (unsigned i = 0; s->lists && i < s->lists->host_count; i++)
        if (api_header_same(host, s->lists->hosts[i]))
            return true;
    return api_header_same(host, s->host_name);
}

static bool host_is_ours(const struct api_context *ctx, const struct api_request *req)
{
    const char *header = api_header(req, "Host");
    char host[HOST_SIZE];
    struct base_address a;
    if (!header)
        return true; // HTTP/1.0; browsers always send it
    if (!host_of(header, host))
        return false;
    return base_address_parse(host, &a) || api_header_same(host, "localhost") ||
           ends_with(host, ".local") || (ctx->host_name && api_header_same(host, ctx->host_name)) ||
           (ctx->settings && is_in_settings(ctx->settings, host));
}

// "http://bench:8080" is the page's own if the request's Host is "bench:8080".
static bool origin_is_ours(const struct api_request *req)
{
    char host[HOST_SIZE];
    const char *header = api_header(req, "Host");
    bool known = header && base_text_copy(host, sizeof host, header);
    const char *origin = api_header(req, "Origin");
    if (!origin)
        return true; // a program, not a page
    const char *authority = strstr(origin, "://");
    if (req->secure && strncmp(origin, "https://", strlen("https://")) != 0)
        return false; // the plain page of this name may be anybody's in between
    return authority && known && api_header_same(authority + strlen("://"), host);
}

static bool site_is_ours(const struct api_request *req)
{
    const char *site = api_header(req, "Sec-Fetch-Site");
    return !site || api_header_same(site, "same-origin") || api_header_same(site, "none");
}

static bool only_reads(const struct api_request *req)
{
    return strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0 ||
           strcmp(req->method, "OPTIONS") == 0;
}

const char *api_guard(const struct api_request *req)
{
    bool reads = only_reads(req);
    if (reads && !api_header(req, "Upgrade"))
        return NULL;
    if (!origin_is_ours(req) || !site_is_ours(req))
        return "The request comes from another site's page.";
    return NULL;
}

// The page without its data, and a sign of life, are for everybody.
static bool is_open(const struct api_request *req)
{
    return only_reads(req) && strncmp(req->path, "/api/", 5) != 0 &&
           strcmp(req->path, "/metrics") != 0;
}

const char *api_guard_host(const struct api_context *ctx, const struct api_request *req)
{
    if (is_open(req) || host_is_ours(ctx, req))
        return NULL;
    return "The Host header names somebody else. Use this machine's address, its host name, a name "
           "that ends with .local, or one of the setting http.allowed_hosts.";
}
