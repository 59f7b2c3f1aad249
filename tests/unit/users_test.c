// SPDX-License-Identifier: Apache-2.0
// Who is logged in, and what of that ends when users change.
#include "tests/support/check.h"
#include "tests/support/users_rig.h"

#include <stdlib.h>
#include <string.h>

static struct users_rig *begin(void)
{
    struct users_rig *r = malloc(sizeof *r);
    users_rig_begin(r);
    CHECK_EQ(users_load(&r->users), SETTINGS_STORE_NONE);
    return r;
}

static struct users_rig *begin_claimed(void)
{
    struct users_rig *r = begin();
    users_rig_add(r, "admin", USERS_ADMIN, "password");
    users_rig_add(r, "anna", USERS_OPERATE, "another one");
    return r;
}

#define USERS_TEST(id)                                                                             \
    static void id##_on(struct users_rig *r);                                                      \
    TEST_BETWEEN(id, , )                                                                           \
    {                                                                                              \
        struct users_rig *r = begin_claimed();                                                     \
        id##_on(r);                                                                                \
        free(r);                                                                                   \
    }                                                                                              \
    static void id##_on(struct users_rig *r)

static bool is_in(struct users_rig *r, const char *secret, uint64_t now_us)
{
    struct users_identity who;
    return users_by_secret(&r->users, secret, now_us, &who);
}

TEST(users_nobody_has_claimed_it_first)
{
    struct users_rig *r = begin();
    CHECK(!users_claimed(&r->users));
    users_rig_add(r, "admin", USERS_ADMIN, "password");
    CHECK(users_claimed(&r->users));
    CHECK(strstr(r->copy[0], "\"name\":\"admin\""));
    CHECK(!strstr(r->copy[0], "password\":\"password"));
    free(r);
}

USERS_TEST(users_passwords)
{
    const struct users_password *p = &users_find(&r->users.document, "anna")->password;
    CHECK(users_password_is(p, &r->crypto, "another one"));
    CHECK(!users_password_is(p, &r->crypto, "another"));
    CHECK(!users_password_is(p, &r->crypto, ""));
    r->broken = true;
    CHECK(!users_password_is(p, &r->crypto, "another one"));
}

USERS_TEST(users_two_of_the_same_password_have_two_salts)
{
    users_rig_add(r, "berta", USERS_VIEW, "another one");
    const struct users_document *d = &r->users.document;
    CHECK(memcmp(users_find(d, "anna")->password.hash, users_find(d, "berta")->password.hash,
                 USERS_HASH_SIZE) != 0);
}

USERS_TEST(users_session_is_found_by_its_secret)
{
    char secret[USERS_SECRET_SIZE];
    struct users_identity who;
    users_rig_login(r, "anna", 5, secret);
    CHECK_EQ(strlen(secret), USERS_SECRET_SIZE - 1);
    CHECK(users_by_secret(&r->users, secret, 6, &who));
    CHECK_EQ(who.kind, USERS_BY_SESSION);
    CHECK_EQ(who.role, USERS_OPERATE);
    CHECK_STR(users_name(&r->users, &who, 6), "anna");
    secret[3] ^= 1;
    CHECK(!users_by_secret(&r->users, secret, 6, &who));
    CHECK(!users_by_secret(&r->users, "", 6, &who));
    CHECK(!users_by_secret(&r->users, "0000000000000000000000000000000000000000", 6, &who));
}

USERS_TEST(users_session_secret_is_kept_nowhere)
{
    char secret[USERS_SECRET_SIZE];
    users_rig_login(r, "anna", 5, secret);
    for (size_t i = 0; i + sizeof secret <= sizeof r->users; i++)
        CHECK(memcmp((const char *)&r->users + i, secret, 8) != 0);
}

USERS_TEST(users_session_expires_twelve_hours_after_its_last_use)
{
    char secret[USERS_SECRET_SIZE];
    users_rig_login(r, "anna", 5, secret);
    CHECK(is_in(r, secret, 5 + USERS_SESSION_IDLE_US - 1));
    CHECK(is_in(r, secret, 4 + 2 * USERS_SESSION_IDLE_US - 1));
    CHECK(!is_in(r, secret, 4 + 3 * USERS_SESSION_IDLE_US - 1));
}

USERS_TEST(users_session_looking_whether_it_is_there_is_no_use)
{
    char secret[USERS_SECRET_SIZE];
    struct users_identity who;
    users_rig_login(r, "anna", 0, secret);
    CHECK(users_by_secret(&r->users, secret, 0, &who));
    CHECK(users_is_still(&r->users, &who, USERS_SESSION_IDLE_US - 1));
    CHECK(!users_is_still(&r->users, &who, USERS_SESSION_IDLE_US));
}

USERS_TEST(users_sessions_one_too_many_ends_the_one_not_used_for_longest)
{
    char secret[USERS_SESSIONS_MAX + 1][USERS_SECRET_SIZE];
    for (unsigned i = 0; i < USERS_SESSIONS_MAX; i++)
        users_rig_login(r, "anna", 100 + i, secret[i]);
    CHECK(is_in(r, secret[0], 200));
    users_rig_login(r, "anna", 201, secret[USERS_SESSIONS_MAX]);
    CHECK(!is_in(r, secret[1], 202));
    CHECK(is_in(r, secret[0], 202));
    CHECK(is_in(r, secret[USERS_SESSIONS_MAX], 202));
}

USERS_TEST(users_sessions_one_too_many_is_ones_own)
{
    char anna[USERS_SECRET_SIZE], secret[USERS_SECRET_SIZE];
    users_rig_login(r, "anna", 100, anna);
    for (unsigned i = 0; i < USERS_SESSIONS_MAX; i++)
        users_rig_login(r, "admin", 101 + i, secret);
    CHECK(is_in(r, anna, 300));
    CHECK(is_in(r, secret, 300));
}

USERS_TEST(users_logout_ends_one_session)
{
    char one[USERS_SECRET_SIZE], two[USERS_SECRET_SIZE];
    struct users_identity who;
    users_rig_login(r, "anna", 0, one);
    users_rig_login(r, "anna", 0, two);
    CHECK(users_by_secret(&r->users, one, 0, &who));
    users_session_end(&r->users.sessions, who.session);
    CHECK(!is_in(r, one, 1));
    CHECK(is_in(r, two, 1));
    CHECK(!users_is_still(&r->users, &who, 1));
}

USERS_TEST(users_a_change_of_role_ends_the_sessions_of_that_user)
{
    char anna[USERS_SECRET_SIZE], admin[USERS_SECRET_SIZE];
    struct users_document d = r->users.document;
    struct users_identity who;
    struct users_user user = *users_find(&d, "anna");
    users_rig_login(r, "anna", 0, anna);
    users_rig_login(r, "admin", 0, admin);
    CHECK(users_by_secret(&r->users, anna, 0, &who));
    user.role = USERS_VIEW;
    CHECK_EQ(users_put(&d, &user), BASE_OK);
    CHECK_EQ(users_rig_change(r, &d, who.session), BASE_OK);
    CHECK(!is_in(r, anna, 0));
    CHECK(!users_is_still(&r->users, &who, 0));
    CHECK(is_in(r, admin, 0));
}

USERS_TEST(users_a_new_password_ends_all_sessions_but_the_one_that_set_it)
{
    char one[USERS_SECRET_SIZE], two[USERS_SECRET_SIZE];
    struct users_document d = r->users.document;
    struct users_identity who;
    struct users_user user = *users_find(&d, "anna");
    users_rig_login(r, "anna", 0, one);
    users_rig_login(r, "anna", 0, two);
    CHECK(users_by_secret(&r->users, two, 0, &who));
    CHECK(users_password_make(&user.password, &r->crypto, "a third one"));
    CHECK_EQ(users_put(&d, &user), BASE_OK);
    CHECK_EQ(users_rig_change(r, &d, who.session), BASE_OK);
    CHECK(!is_in(r, one, 0));
    CHECK(is_in(r, two, 0));
}

USERS_TEST(users_who_is_removed_is_out)
{
    char anna[USERS_SECRET_SIZE];
    struct users_document d = r->users.document;
    users_rig_login(r, "anna", 0, anna);
    CHECK_EQ(users_remove(&d, "anna"), BASE_OK);
    CHECK_EQ(users_rig_change(r, &d, 0), BASE_OK);
    CHECK(!is_in(r, anna, 0));
}

USERS_TEST(users_tokens)
{
    char text[USERS_TOKEN_SIZE];
    struct users_identity who;
    users_rig_token(r, "ci", USERS_OPERATE, text);
    CHECK_EQ(strncmp(text, "ub_", 3), 0);
    CHECK_EQ(strlen(text), USERS_TOKEN_SIZE - 1);
    CHECK(!strstr(r->copy[0], text + 3));
    CHECK(users_by_token(&r->users, text, &who));
    CHECK_EQ(who.kind, USERS_BY_TOKEN);
    CHECK_EQ(who.role, USERS_OPERATE);
    CHECK_STR(users_name(&r->users, &who, 6), "ci");
    CHECK(users_is_still(&r->users, &who, 0));
    CHECK(!users_by_token(&r->users, text + 1, &who));
    CHECK(!users_by_token(&r->users, "", &who));
    struct users_document d = r->users.document;
    CHECK(users_by_token(&r->users, text, &who));
    CHECK_EQ(users_remove_token(&d, who.token), BASE_OK);
    CHECK_EQ(users_remove_token(&d, who.token), BASE_ERR_NOT_FOUND);
    CHECK_EQ(users_rig_change(r, &d, 0), BASE_OK);
    CHECK(!users_by_token(&r->users, text, &who));
    CHECK(!users_is_still(&r->users, &who, 0));
}

USERS_TEST(users_what_cannot_be_kept_does_not_hold)
{
    struct users_document d = r->users.document;
    CHECK_EQ(users_remove(&d, "anna"), BASE_OK);
    r->writes = SETTINGS_STORE_FAILED;
    CHECK_EQ(users_rig_change(r, &d, 0), BASE_ERR_IO);
    CHECK(users_find(&r->users.document, "anna"));
    r->writes = SETTINGS_STORE_OK;
    r->reads = SETTINGS_STORE_NEWER;
    CHECK_EQ(users_rig_change(r, &d, 0), BASE_ERR_IO);
    CHECK(users_find(&r->users.document, "anna"));
    r->reads = SETTINGS_STORE_OK;
    r->hold_refused = 1;
    CHECK_EQ(users_rig_change(r, &d, 0), BASE_ERR_IO);
    CHECK(users_find(&r->users.document, "anna"));
}

USERS_TEST(users_without_a_store_they_hold_until_the_end)
{
    struct users_document d = r->users.document;
    r->users.config.store = NULL;
    CHECK_EQ(users_remove(&d, "anna"), BASE_OK);
    CHECK_EQ(users_rig_change(r, &d, 0), BASE_OK);
    CHECK(!users_find(&r->users.document, "anna"));
}

USERS_TEST(users_what_somebody_else_has_written_holds)
{
    char anna[USERS_SECRET_SIZE], admin[USERS_SECRET_SIZE], text[USERS_MAX_BYTES + 1];
    struct users_document theirs = r->users.document, ours = r->users.document;
    struct users_user user = *users_find(&theirs, "admin");
    users_rig_login(r, "anna", 0, anna);
    users_rig_login(r, "admin", 0, admin);
    CHECK(users_password_make(&user.password, &r->crypto, "set on the console"));
    CHECK_EQ(users_put(&theirs, &user), BASE_OK);
    (void)users_print(&theirs, text, sizeof text);
    strcpy(r->copy[0], text);
    CHECK_EQ(users_remove(&ours, "anna"), BASE_OK);
    CHECK_EQ(users_rig_change(r, &ours, 0), BASE_ERR_BUSY);
    CHECK(users_equal(&r->users.document, &theirs));
    CHECK_STR(r->copy[0], text);
    CHECK(is_in(r, anna, 0));
    CHECK(!is_in(r, admin, 0));
}

USERS_TEST(users_are_read_again)
{
    char anna[USERS_SECRET_SIZE];
    users_rig_login(r, "anna", 0, anna);
    CHECK_EQ(users_load(&r->users), SETTINGS_STORE_OK);
    CHECK(is_in(r, anna, 0));
    r->copy[0][0] = 'x'; // the one before has no Anna yet
    CHECK_EQ(users_load(&r->users), SETTINGS_STORE_OLDER);
    CHECK(!is_in(r, anna, 0));
    r->copy[1][0] = 'x';
    CHECK_EQ(users_load(&r->users), SETTINGS_STORE_DAMAGED);
    CHECK(users_claimed(&r->users)); // nobody is let in because of that
    r->copy[0][0] = r->copy[1][0] = '\0';
    CHECK_EQ(users_load(&r->users), SETTINGS_STORE_NONE);
    CHECK(!users_claimed(&r->users));
}

USERS_TEST(users_nothing_is_made_without_random_bytes)
{
    char secret[USERS_SECRET_SIZE], text[USERS_TOKEN_SIZE];
    struct users_token token = {.role = USERS_VIEW};
    struct users_password p;
    r->broken = true;
    CHECK(!users_session_begin(&r->users.sessions, &r->crypto, "anna", 0, secret));
    CHECK(!users_token_make(&r->users.config, &token, text));
    CHECK(!users_password_make(&p, &r->crypto, "password"));
}

TEST(users_crypto_comparing_and_wiping)
{
    uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 4};
    CHECK(users_crypto_equal(a, b, 4));
    b[3] ^= 0x80;
    CHECK(!users_crypto_equal(a, b, 4));
    CHECK(users_crypto_equal(a, b, 3));
    users_crypto_wipe(a, 3);
    CHECK_EQ(a[0] | a[1] | a[2], 0);
    CHECK_EQ(a[3], 4);
}

// What the loop has heard of another program behind what a job has made holds: a password that was
// set meanwhile is not lost.
TEST(users_taken_after_another_programs_change_stay_as_that_has_made_them)
{
    struct users *u = calloc(1, sizeof *u);
    struct users_document *was = calloc(1, sizeof *was), *now = calloc(1, sizeof *now);
    const struct users_user anna = {.name = "anna", .role = USERS_ADMIN};
    CHECK_EQ(users_put(now, &anna), BASE_OK);
    u->document.user_count = 1;
    u->document.users[0] = (struct users_user){.name = "berta", .role = USERS_ADMIN};
    users_take_after(u, was, now, 0);
    CHECK_STR(u->document.users[0].name, "berta");
    *was = u->document;
    users_take_after(u, was, now, 0);
    CHECK_STR(u->document.users[0].name, "anna");
    free(u);
    free(was);
    free(now);
}
