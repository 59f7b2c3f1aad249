// SPDX-License-Identifier: Apache-2.0
// The secret document: whole or not at all, and its own text back.
#include "tests/support/check.h"
#include "tests/support/users_rig.h"

#include <stdio.h>
#include <string.h>

#define SALT "000102030405060708090a0b0c0d0e0f"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define RECORD "pbkdf2-sha256$600000$" SALT "$" HASH
#define USER(name, role) "{\"name\":\"" name "\",\"role\":\"" role "\",\"password\":\"" RECORD "\"}"
#define TOKEN(id, name)                                                                            \
    "{\"id\":\"" id "\",\"name\":\"" name "\",\"role\":\"view\",\"sha256\":\"" HASH "\"}"
// Its ID is made of its name.
#define MADE(name, role, by)                                                                       \
    "{\"id\":\"0000000" name "\",\"name\":\"" name "\",\"role\":\"" role "\",\"sha256\":\"" HASH   \
    "\",\"by\":\"" by "\"}"
#define DOCUMENT(users, tokens) "{\"version\":1,\"users\":[" users "],\"tokens\":[" tokens "]}"

static struct users_document parsed(const char *text)
{
    struct users_document d = {0};
    char why[SETTINGS_WHY_SIZE] = "";
    if (users_parse(&d, text, strlen(text), why) != BASE_OK)
        check_fail(__FILE__, __LINE__, "%s", why);
    return d;
}

static void expect_refused(const char *text, enum base_err err, const char *why_not)
{
    static const struct users_document empty = {0};
    struct users_document d = {0};
    char why[SETTINGS_WHY_SIZE] = "";
    CHECK_EQ(users_parse(&d, text, strlen(text), why), err);
    CHECK_STR(why, why_not);
    CHECK(users_equal(&d, &empty));
}

TEST(users_document_is_read)
{
    const struct users_document d = parsed(
        DOCUMENT(USER("admin", "admin") "," USER("anna", "operate"), TOKEN("0a1b2c3d", "ci")));
    CHECK_EQ(d.user_count, 2);
    CHECK_EQ(users_find(&d, "anna")->role, USERS_OPERATE);
    CHECK_EQ(users_find(&d, "anna")->password.iterations, 600000);
    CHECK_EQ(users_find(&d, "anna")->password.salt[15], 15);
    CHECK_EQ(users_find(&d, "anna")->password.hash[31], 0xff);
    CHECK(!users_find(&d, "Anna"));
    CHECK_STR(users_find_token(&d, "0a1b2c3d")->name, "ci");
    CHECK_EQ(users_find_token(&d, "0a1b2c3d")->role, USERS_VIEW);
}

TEST(users_document_says_what_is_wrong)
{
    expect_refused("", BASE_ERR_INVALID, "line 1: the document is empty");
    expect_refused("{}", BASE_ERR_INVALID, "version: the document does not tell its own");
    expect_refused("{\"version\":2}", BASE_ERR_UNSUPPORTED,
                   "version: the document has version 2, this program knows versions up to 1; a "
                   "newer program has written it");
    expect_refused("{\"version\":1,\"users\":[]}", BASE_ERR_INVALID, "tokens: a list is wanted");
    expect_refused("{\"version\":1,\"users\":[],\"tokens\":[],\"keys\":[]}", BASE_ERR_INVALID,
                   "there is a member that is none, or one twice");
    expect_refused("{\"version\":1,\"users\":[],\"tokens\":[],\"users\":[]}", BASE_ERR_INVALID,
                   "there is a member that is none, or one twice");
    expect_refused(DOCUMENT(USER("anna", "operate"), ""), BASE_ERR_INVALID,
                   "users: there is no admin among them");
    expect_refused(DOCUMENT("", TOKEN("0a1b2c3d", "ci")), BASE_ERR_INVALID,
                   "users: there is no admin among them");
}

TEST(users_document_says_which_entry_is_wrong)
{
#define ADMIN USER("admin", "admin") ","
    expect_refused(DOCUMENT(ADMIN USER("admin", "view"), ""), BASE_ERR_INVALID,
                   "users.2: the name is there twice");
    expect_refused(DOCUMENT(ADMIN USER("-x", "view"), ""), BASE_ERR_INVALID,
                   "users.2: the name is none");
    expect_refused(DOCUMENT(ADMIN USER("x", "root"), ""), BASE_ERR_INVALID,
                   "users.2: the role is none");
    expect_refused(DOCUMENT(ADMIN "{\"name\":\"x\",\"role\":\"view\",\"password\":\"secret\"}", ""),
                   BASE_ERR_INVALID, "users.2: the password is none that this program knows");
    expect_refused(DOCUMENT(ADMIN "{\"name\":\"x\",\"role\":\"view\"}", ""), BASE_ERR_INVALID,
                   "users.2: name, role and password are wanted");
    expect_refused(DOCUMENT(ADMIN "7", ""), BASE_ERR_INVALID,
                   "users.2: name, role and password are wanted");
#undef ADMIN
#define ADMIN USER("admin", "admin")
    expect_refused(DOCUMENT(ADMIN, TOKEN("0a1b2c3d", "a") "," TOKEN("0a1b2c3d", "b")),
                   BASE_ERR_INVALID, "tokens.2: it is there twice");
    expect_refused(DOCUMENT(ADMIN, TOKEN("0a1b2c3d", "a") "," TOKEN("0a1b2c3e", "a")),
                   BASE_ERR_INVALID, "tokens.2: it is there twice");
    expect_refused(DOCUMENT(ADMIN, TOKEN("0a1b2c3", "a")), BASE_ERR_INVALID,
                   "tokens.1: the ID or the name is none");
    expect_refused(DOCUMENT(ADMIN, "{\"id\":\"0a1b2c3d\",\"name\":\"a\",\"role\":\"view\","
                                   "\"sha256\":\"00\"}"),
                   BASE_ERR_INVALID, "tokens.1: the hash is none");
    expect_refused(DOCUMENT(ADMIN, MADE("c", "view", "anna")), BASE_ERR_INVALID,
                   "tokens.1: who made it is no user");
    expect_refused(DOCUMENT(ADMIN "," USER("anna", "view"), MADE("c", "operate", "anna")),
                   BASE_ERR_INVALID, "tokens.1: it may do more than who made it");
}

TEST(users_document_tokens_have_makers)
{
    struct users_document d = parsed(
        DOCUMENT(USER("admin", "admin") "," USER("anna", "operate") "," USER("berta", "operate"),
                 MADE("a", "view", "anna") "," MADE("b", "operate", "berta") "," MADE(
                     "c", "view", "berta") "," TOKEN("0a1b2c3d", "d")));
    struct users_document again;
    char text[USERS_MAX_BYTES];
    (void)users_print(&d, text, sizeof text);
    again = parsed(text);
    CHECK(users_equal(&d, &again));
    CHECK_STR(users_maker(&d, &d.tokens[1])->name, "berta");
    CHECK(!users_maker(&d, &d.tokens[3]));
    again.tokens[0].by = 3;
    CHECK(!users_equal(&d, &again));
    CHECK_EQ(users_remove(&d, "anna"), BASE_OK);
    CHECK_EQ(d.token_count, 3);
    CHECK_STR(users_maker(&d, &d.tokens[0])->name, "berta"); // another place, the same user
    struct users_user berta = *users_find(&d, "berta");
    berta.role = USERS_VIEW;
    CHECK_EQ(users_put(&d, &berta), BASE_OK);
    CHECK_EQ(d.token_count, 2);
    CHECK_STR(d.tokens[0].name, "c");
    CHECK_EQ(users_remove(&d, "berta"), BASE_OK);
    CHECK_EQ(d.token_count, 1);
    CHECK_STR(d.tokens[0].name, "d");
}

static bool is_record(const char *text)
{
    struct users_password p;
    return users_password_parse(&p, text);
}

TEST(users_document_password_records)
{
    CHECK(is_record(RECORD));
    CHECK(!is_record(RECORD "0"));
    CHECK(!is_record("pbkdf2-sha1$600000$" SALT "$" HASH));
    CHECK(!is_record("pbkdf2-sha256$600000$" SALT HASH));
    CHECK(!is_record("pbkdf2-sha256$600000$" SALT "$" HASH "$"));
    CHECK(!is_record("pbkdf2-sha256$600000$" SALT));
    CHECK(!is_record("pbkdf2-sha256$"));
}

TEST(users_document_iterations_have_bounds)
{
    CHECK(!is_record("pbkdf2-sha256$999$" SALT "$" HASH));
    CHECK(is_record("pbkdf2-sha256$1000$" SALT "$" HASH));
    CHECK(is_record("pbkdf2-sha256$2000000$" SALT "$" HASH));
    CHECK(!is_record("pbkdf2-sha256$2000001$" SALT "$" HASH));
}

TEST(users_document_the_longest_fits)
{
    static char text[USERS_MAX_BYTES + 1]; // NOLINT: too much for a stack
    static struct users_document d, again;
    struct users_user u = {.role = USERS_OPERATE, .password = {.iterations = USERS_ITERATIONS_MAX}};
    struct users_token k = {.role = USERS_OPERATE};
    for (unsigned i = 0; i < USERS_MAX; i++) {
        u.role = i ? USERS_OPERATE : USERS_ADMIN;
        snprintf(u.name, sizeof u.name, "user-with-a-name-as-long-as-%02u", i % 100);
        CHECK_EQ(users_put(&d, &u), BASE_OK);
    }
    for (unsigned i = 0; i < USERS_TOKENS_MAX; i++) {
        snprintf(k.id, sizeof k.id, "%08x", i);
        snprintf(k.name, sizeof k.name, "token-with-a-name-as-long-a-%02u", i % 100);
        users_set_maker(&d, &k, "user-with-a-name-as-long-as-01");
        CHECK_EQ(users_add_token(&d, &k), BASE_OK);
    }
    strcpy(u.name, "one-more");
    strcpy(k.name, "one-more");
    strcpy(k.id, "ffffffff");
    CHECK_EQ(users_put(&d, &u), BASE_ERR_LIMIT);
    CHECK_EQ(users_add_token(&d, &k), BASE_ERR_LIMIT);
    size_t size = users_print(&d, text, sizeof text);
    CHECK(size < USERS_MAX_BYTES);
    again = parsed(text);
    CHECK(users_equal(&d, &again));
}

TEST(users_document_the_last_admin_stays)
{
    struct users_document d = parsed(DOCUMENT(USER("admin", "admin") "," USER("anna", "view"), ""));
    struct users_user admin = *users_find(&d, "admin"), anna = *users_find(&d, "anna");
    CHECK_EQ(users_remove(&d, "admin"), BASE_ERR_BUSY);
    CHECK_EQ(users_remove(&d, "nobody"), BASE_ERR_NOT_FOUND);
    admin.role = USERS_VIEW;
    CHECK_EQ(users_put(&d, &admin), BASE_ERR_BUSY);
    anna.role = USERS_ADMIN;
    CHECK_EQ(users_put(&d, &anna), BASE_OK);
    CHECK_EQ(users_put(&d, &admin), BASE_OK);
    CHECK_EQ(users_remove(&d, "admin"), BASE_OK);
    CHECK_EQ(d.user_count, 1);
    CHECK_EQ(users_find(&d, "anna")->role, USERS_ADMIN);
}

TEST(users_document_the_first_user_is_an_admin)
{
    struct users_document d = {0};
    struct users_user u = {.name = "anna", .role = USERS_OPERATE};
    CHECK_EQ(users_put(&d, &u), BASE_ERR_BUSY);
    CHECK_EQ(d.user_count, 0);
}

TEST(users_document_names)
{
    CHECK(users_name_is_good("a"));
    CHECK(users_name_is_good("anna.b_c-d"));
    CHECK(users_name_is_good("0123456789012345678901234567890"));
    CHECK(!users_name_is_good("01234567890123456789012345678901"));
    CHECK(!users_name_is_good(""));
    CHECK(!users_name_is_good(".a"));
    CHECK(!users_name_is_good("a b"));
    CHECK(!users_name_is_good("a\"b"));
    CHECK(!users_name_is_good("\xc3\xa4"));
}

TEST(users_document_passwords)
{
    char longest[USERS_PASSWORD_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[USERS_PASSWORD_MAX + 1] = '\0';
    CHECK(!users_password_is_good(longest));
    longest[USERS_PASSWORD_MAX] = '\0';
    CHECK(users_password_is_good(longest));
    CHECK(users_password_is_good("12345678"));
    CHECK(!users_password_is_good("1234567"));
}
