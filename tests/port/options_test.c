// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/options.h"
#include "tests/support/check.h"

#include <string.h>

enum { ARGS = 8 };

// Parses the arguments after the program's name, up to a NULL.
static enum options_action parse(struct options *o, char *why, const char *const *args)
{
    char *argv[ARGS + 1] = {"usbip-server"};
    int argc = 1;
    for (; args[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)args[argc - 1]; // getopt does not write to them
    why[0] = '\0';
    return options_parse(o, argc, argv, why, 200);
}

#define PARSE(o, why, ...) parse(o, why, (const char *const[]){__VA_ARGS__, NULL})

static void check_refused(const char *a, const char *b, const char *want)
{
    struct options o;
    char why[200];
    const char *const args[] = {a, b, NULL};
    CHECK_EQ(parse(&o, why, args), OPTIONS_WRONG);
    CHECK_STR(why, want);
}

TEST(options_defaults)
{
    struct options o;
    char why[200];
    CHECK_EQ(PARSE(&o, why, NULL), OPTIONS_RUN);
    CHECK(!o.usb);
    CHECK_EQ(o.export_policy, ACCESS_EXPORT_AUTO);
    CHECK(o.sim == NULL && o.listen == NULL && o.http_listen == NULL);
    CHECK(o.config == NULL && o.state_dir == NULL);
    CHECK_EQ(o.port, 3240);
    CHECK_EQ(o.http_port, 8080);
    CHECK_EQ(o.log_level, EVENTLOG_INFO);
    CHECK_EQ(o.log_format, LOG_UNSAID);
}

TEST(options_all_taken)
{
    struct options o;
    char why[200];
    CHECK_EQ(PARSE(&o, why, "--sim", "disk:ro,zero", "--listen=::1", "--port", "0"), OPTIONS_RUN);
    CHECK_STR(o.sim, "disk:ro,zero");
    CHECK_STR(o.listen, "::1");
    CHECK_EQ(o.port, 0);
    CHECK_EQ(PARSE(&o, why, "--http-listen", "127.0.0.1", "--http-port=65535", "--no-mdns",
                   "--log-level=debug", "--log-format=json"),
             OPTIONS_RUN);
    CHECK_STR(o.http_listen, "127.0.0.1");
    CHECK_EQ(o.http_port, 65535);
    CHECK_EQ(o.log_level, EVENTLOG_DEBUG);
    CHECK_EQ(o.log_format, LOG_JSON);
    CHECK_EQ(PARSE(&o, why, "--sim", "none", "--usb"), OPTIONS_RUN);
    CHECK(o.usb);
    CHECK_STR(o.sim, "none");
    CHECK_EQ(PARSE(&o, why, "--export", "manual"), OPTIONS_RUN);
    CHECK_EQ(o.export_policy, ACCESS_EXPORT_MANUAL);
    CHECK_EQ(PARSE(&o, why, "--export=manual", "--export=auto"), OPTIONS_RUN); // the last holds
    CHECK_EQ(o.export_policy, ACCESS_EXPORT_AUTO);
    CHECK_EQ(PARSE(&o, why, "--config", "a.json", "--state-dir=b"), OPTIONS_RUN);
    CHECK_STR(o.config, "a.json");
    CHECK_STR(o.state_dir, "b");
    CHECK_EQ(PARSE(&o, why, "--help"), OPTIONS_HELP);
    CHECK_EQ(PARSE(&o, why, "--version"), OPTIONS_VERSION);
}

TEST(options_bad_values_are_explained)
{
    check_refused("--port", "65536", "\"65536\": a port is a number from 0 to 65535");
    check_refused("--port", "-1", "\"-1\": a port is a number from 0 to 65535");
    check_refused("--port", "12x", "\"12x\": a port is a number from 0 to 65535");
    check_refused("--port", "99999999999999999999",
                  "\"99999999999999999999\": a port is a number from 0 to 65535");
    check_refused("--http-port", "", "\"\": a port is a number from 0 to 65535");
    check_refused("--log-level", "loud", "\"loud\": the level is error, warning, info or debug");
    check_refused("--log-format", "xml", "\"xml\": the format is text or json");
    check_refused("--export", "all", "\"all\": the policy is auto or manual");
    check_refused("--listen", "somewhere",
                  "\"somewhere\": an IPv4 or IPv6 address is wanted, without brackets");
    check_refused("--http-listen", "[::1]",
                  "\"[::1]\": an IPv4 or IPv6 address is wanted, without brackets");
}

TEST(options_unknown_ones_are_named)
{
    check_refused("--fast", NULL, "--fast is not an option");
    check_refused("-vx", NULL, "\"-v\" is not an option");
    check_refused("--port", NULL, "--port needs a value");
    check_refused("--no-mdns=1", NULL, "--no-mdns=1: this option takes no value");
    check_refused("1-1", "--port=0", "\"1-1\" is not an option");
    check_refused("--http", NULL, "--http is not an option"); // could be two
}

TEST(options_help_names_every_option)
{
    static const char *const names[] = {
        "--sim NAME",    "--usb",        "--listen ADDR", "--port N",  "--http-listen ADDR",
        "--http-port N", "--state-dir ", "--config FILE", "--no-mdns", "--log-level L",
        "--log-format",  "--version",    "--help",
    };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strstr(options_help, names[i]))
            check_fail(__FILE__, __LINE__, "%s is not in the help", names[i]);
    for (const char *line = options_help; *line; line += strcspn(line, "\n") + 1)
        CHECK(strcspn(line, "\n") <= 90);
}
