// SPDX-License-Identifier: Apache-2.0
// Certificates: made, read, refused. What clients make of them is tests/api/https_test.py's.
#include "ports/linux/certificate.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

enum { NOW = 1780000000, DAY = 24 * 3600 };

static const char names[] = "bench\nbench.local\n10.0.0.7\nfe80::1\n";

static void read_good(struct certificate *c, const char *pem)
{
    char why[API_CERTIFICATE_WHY] = "";
    CHECK_EQ(certificate_read(c, pem, pem, why), API_CERTIFICATE_OK);
}

TEST(certificate_made)
{
    char pem[CERTIFICATE_PEM_SIZE], why[API_CERTIFICATE_WHY] = "";
    struct certificate c;
    CHECK(certificate_make(names, NOW, pem));
    read_good(&c, pem);
    CHECK_STR(c.facts.names, names);
    CHECK_STR(c.facts.subject, "O=usbip-server (self-made),CN=bench");
    CHECK(c.facts.self_made);
    CHECK_EQ(strlen(c.facts.sha256), 64);
    CHECK_EQ(c.facts.not_before_s, NOW - DAY);
    CHECK_EQ(c.facts.not_after_s, NOW + (CERTIFICATE_DAYS - 1) * DAY);
    CHECK(certificate_holds(&c, NOW, why));
    CHECK(!certificate_holds(&c, NOW + CERTIFICATE_DAYS * DAY, why));
    CHECK_STR(why, "The certificate has expired at 2028-08-29 20:26 UTC, by this machine's clock.");
    CHECK(!certificate_holds(&c, NOW - 2 * DAY, why));
    CHECK(strstr(why, "is not valid before"));
    certificate_free(&c);
}

static void refused(const char *certificate, const char *key, enum api_certificate_result result,
                    const char *words)
{
    struct certificate c;
    char why[API_CERTIFICATE_WHY] = "";
    CHECK_EQ(certificate_read(&c, certificate, key, why), result);
    if (!strstr(why, words))
        CHECK_STR(why, words);
    CHECK(c.count == 0 && !c.key);
}

TEST(certificate_refused)
{
    char one[CERTIFICATE_PEM_SIZE], other[CERTIFICATE_PEM_SIZE], both[2 * CERTIFICATE_PEM_SIZE];
    CHECK(certificate_make("one\n", NOW, one));
    CHECK(certificate_make("other\n", NOW, other));
    snprintf(both, sizeof both, "%s%s", one, other);
    refused(one, other, API_CERTIFICATE_WRONG_KEY, "not the one of");
    refused(both, one, API_CERTIFICATE_WRONG, "not in order");
    refused("", one, API_CERTIFICATE_WRONG, "no certificate in PEM");
    refused(strstr(one, "-----BEGIN PRIVATE"), one, API_CERTIFICATE_WRONG, "no certificate in PEM");
    refused(one, "", API_CERTIFICATE_WRONG_KEY, "no key in PEM");
    refused(one, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", API_CERTIFICATE_WRONG_KEY, "encrypted");
    one[100] = '!';
    refused(one, one, API_CERTIFICATE_WRONG, "no certificate in PEM");
}

// Names as DHCP may give them are no reason to have no certificate.
TEST(certificate_of_odd_names)
{
    static const char *const odd[] = {"x", "a.b.c.d.e\n", "with,comma=and\"quotes\n",
                                      "localhost\n::1\n127.0.0.1\n"};
    char pem[CERTIFICATE_PEM_SIZE];
    for (unsigned i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct certificate c;
        CHECK(certificate_make(odd[i], NOW, pem));
        read_good(&c, pem);
        certificate_free(&c);
    }
}
