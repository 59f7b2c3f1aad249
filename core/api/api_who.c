// SPDX-License-Identifier: Apache-2.0
#include "api/api_who.h"
#include "api/api_base64.h"
#include "api/api_header.h"
#include "api/api_problem.h"

#include "settings/settings.h"

#include <string.h>

// --- what the request brings ---------------------------------------------------------------------

// What follows the scheme's name; NULL: it is another one.
static const char *behind(const char *value, const char *scheme)
{
    char word[8];
    size_t n = strlen(scheme);
    (void)base_text_copy(word, n + 1, value);
    if (!api_header_same(word, scheme) || value[n] != ' ')
        return NULL;
    return value + n + strspn(value + n, " ");
}

// A token as Bearer, or as the password of Basic with any user.
static bool by_authorization(const struct api_context *ctx, const char *value,
                             struct users_identity *who)
{
    char text[API_BASE64_MAX];
    const char *token = behind(value, "Bearer"), *basic = behind(value, "Basic");
    if (basic)
        token = api_base64_text(basic, text) ? strchr(text, ':') : NULL;
    if (token && basic)
        token++;
    return token && users_by_token(ctx->users, token, who);
}

// "a=1; usbip_session=...; b=2". The name may be there twice: another port of this machine's.
static bool by_cookie(const struct api_context *ctx, const char *name, const char *cookies,
                      struct users_identity *who)
{
    char secret[USERS_SECRET_SIZE];
    for (const char *at = cookies; *at; at += strspn(at, "; ")) {
        size_t n = strcspn(at, "; ");
        const char *value = at + strlen(name);
        bool ours = n == strlen(name) + sizeof secret - 1 && strncmp(at, name, strlen(name)) == 0;
        if (ours) {
            memcpy(secret, value, sizeof secret - 1);
            secret[sizeof secret - 1] = '\0';
        }
        if (ours && users_by_secret(ctx->users, secret, ctx->now_us, who))
            return true;
        at += n;
    }
    return false;
}

// --- who is not logged in ------------------------------------------------------------------------

bool api_who_is_here(const struct api_request *req)
{
    return req->peer && base_address_is_loopback(req->peer) && !api_header(req, "Forwarded") &&
           !api_header(req, "X-Forwarded-For");
}

// The page must not tell what the list of devices hides.
static bool everybody_may_view(const struct api_context *ctx)
{
    const struct access_list *rules = server_access(ctx->server);
    enum settings_anonymous set =
        ctx->settings ? ctx->settings->anonymous : SETTINGS_ANONYMOUS_AUTO;
    if (set != SETTINGS_ANONYMOUS_AUTO || rules->mode == ACCESS_CLOSED)
        return set == SETTINGS_ANONYMOUS_VIEW;
    for (unsigned i = 0; i < rules->rule_count; i++)
        if (rules->rules[i].effect == ACCESS_HIDE)
            return false;
    return true;
}

enum users_role api_who_nobody(const struct api_context *ctx, const struct api_request *req)
{
    if (ctx->users && users_claimed(ctx->users))
        return everybody_may_view(ctx) ? USERS_VIEW : USERS_NOTHING;
    bool may = ctx->writers == API_WRITERS_ALL ||
               (ctx->writers == API_WRITERS_LOOPBACK && req && api_who_is_here(req));
    return may ? USERS_ADMIN : USERS_VIEW;
}

bool api_who_sees_users(const struct api_context *ctx)
{
    bool claimed = ctx->users && users_claimed(ctx->users);
    return !claimed || !ctx->who || ctx->who->kind != USERS_NOBODY;
}

bool api_who_is_still(const struct api_context *ctx, const struct users_identity *who)
{
    if (who->kind == USERS_NOBODY)
        return !ctx->users || !users_claimed(ctx->users);
    return ctx->users && users_is_still(ctx->users, who, ctx->now_us);
}

// False: what the request brings is nobody's.
static bool find(const struct api_context *ctx, const struct api_request *req,
                 struct users_identity *who)
{
    bool claimed = ctx->users && users_claimed(ctx->users);
    const char *value = claimed ? api_header(req, "Authorization") : NULL;
    *who = (struct users_identity){.kind = USERS_NOBODY};
    if (value)
        return by_authorization(ctx, value, who);
    const char *name = req->secure ? API_COOKIE_SECURE "=" : API_COOKIE "=";
    value = claimed ? api_header(req, "Cookie") : NULL;
    if (!value || !by_cookie(ctx, name, value, who))
        who->role = api_who_nobody(ctx, req);
    return true;
}

// --- refusals ------------------------------------------------------------------------------------

// Browsers ask for a password themselves when they see Basic, also for what a page's script wants;
// they all call themselves so. Some programs send theirs only when they see it.
static bool is_browser(const struct api_request *req)
{
    const char *agent = api_header(req, "User-Agent");
    return agent && strncmp(agent, "Mozilla/", strlen("Mozilla/")) == 0;
}

const char *api_who_challenge(const struct api_request *req)
{
    return is_browser(req) ? "Bearer realm=\"usbip\""
                           : "Basic realm=\"usbip\", Bearer realm=\"usbip\"";
}

struct api_response api_who_unknown(const struct api_request *req, const char *detail)
{
    struct api_response r = api_problem(401, "Not logged in", detail);
    r.authenticate = api_who_challenge(req);
    return r;
}

static const char *why_not(const struct api_context *ctx, const struct users_identity *who,
                           enum api_role role)
{
    if (who->kind == USERS_NOBODY && ctx->writers == API_WRITERS_NOBODY)
        return "Nobody has set a password yet, and until then nothing can be changed. The set-up "
               "(POST /api/v1/setup) wants the code that the box's console shows.";
    if (who->kind == USERS_NOBODY)
        return "Nobody has set a password yet. Until then changes are taken from the machine on "
               "which the server runs, over its loopback address and not through a proxy. From "
               "elsewhere, set one first: the set-up (POST /api/v1/setup) wants the code that the "
               "server's log shows.";
    return role == API_ADMIN ? "This needs the role admin." : "This needs the role operate.";
}

bool api_who_may(const struct api_context *ctx, const struct api_request *req, enum api_role role,
                 struct users_identity *who, struct api_response *r)
{
    bool known = find(ctx, req, who);
    if (role == API_ANYBODY || (known && who->role >= (enum users_role)role))
        return true;
    if (!known)
        *r = api_who_unknown(req, "There is no such token, or it was revoked.");
    else if (who->kind == USERS_NOBODY && ctx->users && users_claimed(ctx->users))
        *r = api_who_unknown(req, "This needs a login, or a token.");
    else
        *r = api_problem(403, "Not allowed", why_not(ctx, who, role));
    return false;
}

void api_who_text(const struct api_context *ctx, const struct base_address *peer,
                  struct base_text *t)
{
    if (peer)
        base_address_text(peer, t);
    if (!ctx->who || ctx->who->kind == USERS_NOBODY)
        return;
    base_text_str(t, " (");
    base_text_str(t, users_name(ctx->users, ctx->who, ctx->now_us));
    base_text_char(t, ')');
}
