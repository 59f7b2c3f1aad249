// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/options.h"

#include "base/base_number.h"
#include "wire/wire_op.h"

#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

const char options_help[] =
    "usage: usbip-server [options]\n"
    "Exports USB devices over the network to stock USB/IP clients.\n"
    "\n"
    "Devices:\n"
    "  --sim NAME[,NAME...]  simulated devices to export (see below); default: \"default\"\n"
    "  --usb                 the devices plugged into this machine, too; with --sim none these\n"
    "                        only. Never exported: hubs, and what this machine uses itself\n"
    "                        (mounted disks, its network, its console's keyboard). Simulated\n"
    "                        ones are on bus 100 then, else on bus 1\n"
    "  --export auto|manual  of these all, or those only that settings name, where the settings\n"
    "                        do not say which (\"export\"); default: auto\n"
    "\n"
    "Network:\n"
    "  --listen ADDR         IPv4 or IPv6 address for USB/IP; default: all of both\n"
    "  --port N              TCP port for USB/IP; default 3240; 0 picks a free one\n"
    "  --http-listen ADDR    address for HTTP; default: all, whatever --listen says\n"
    "  --http-port N         TCP port for HTTP; default 8080; 0 picks a free one\n"
    "  --https-port N        TCP port for HTTPS, beside HTTP; 0, the default: none. The\n"
    "                        certificate is made at the first start (man usbip-server)\n"
    "  --https-listen ADDR   address for HTTPS; default: what --http-listen says\n"
    "  --no-mdns             do not announce the server on the local network (DNS-SD by Avahi:\n"
    "                        _usbip._tcp, _http._tcp), as with --listen 127.0.0.1 or ::1\n"
    "\n"
    "Log (on stderr):\n"
    "  --log-level L         error, warning, info or debug; default info\n"
    "  --log-format F        text or json (one object per line); default text\n"
    "\n"
    "Settings:\n"
    "  --config FILE         the administrator's settings, read at the start and on SIGHUP and\n"
    "                        never written; if wrong on SIGHUP, the old values stay\n"
    "  --state-dir DIR       folder of settings.json, read at the start, and written when\n"
    "                        somebody changes settings over HTTP; one server per folder\n"
    "  Both files have this form; what is left out has these values, and --config goes first:\n"
    "    {\"version\": 2, \"limits\": {\"max_connections\": 256, \"max_devices\": 127,\n"
    "     \"max_urbs\": 256, \"session_budget_kib\": 16384, \"total_budget_kib\": 262144,\n"
    "     \"silent_s\": 14400, \"max_urb_kib\": 32768}, \"takeover\": \"probe\",\n"
    "     \"anonymous\": \"auto\",\n"
    "     \"access\": {\"mode\": \"open\", \"allow\": [], \"rules\": []}, \"export\": \"auto\",\n"
    "     \"export_rules\": [], \"devices\": []}\n"
    "  max_urbs (requests in flight) and session_budget_kib (their data) are per attached\n"
    "  device; max_urbs counts when one is attached, the rest at once. silent_s is how long a\n"
    "  client that does not answer keeps its device if nobody else wants it. max_urb_kib is the\n"
    "  longest request (Windows wants 4096 at high speed, 32768 at super speed).\n"
    "  takeover \"never\" keeps it for such a client even then. anonymous says\n"
    "  what may who is not logged in, when there is a password: \"view\", \"none\", or \"auto\",\n"
    "  view as long as access hides nothing. access says who may attach what,\n"
    "  devices their aliases, labels and which are exported (docs/SETTINGS.md has examples).\n"
    "  With export \"manual\" only those are that devices or export_rules name.\n"
    "  host_name is what the server is called in the network; default: this machine's name.\n"
    "\n"
    "Users (who may change something over HTTP: docs/SETTINGS.md):\n"
    "  --set-password        reads one line, the password of the user admin, keeps it in\n"
    "                        secrets.json in --state-dir, and ends. A server that runs there\n"
    "                        takes it over\n"
    "\n"
    "Other:\n"
    "  --check               say what is wrong with options and --config, and end\n"
    "  --version             print the version\n"
    "  --help                print this text\n"
    "\n"
    "When ready it prints \"usbip: listening on ADDR:PORT\" and \"http: listening on ADDR:PORT\".\n"
    "SIGTERM or SIGINT ends every session in order; a second one ends the program at once.\n"
    "Exit status: 0 after an orderly end, 1 if it cannot start, 2 if options or --config are\n"
    "wrong.\n"
    "\n"
    "Simulated devices, each with its options behind it (\"disk:size=64M:ro\"):\n";

enum option_id {
    OPT_SIM = 256,
    OPT_USB,
    OPT_EXPORT,
    OPT_LISTEN,
    OPT_PORT,
    OPT_HTTP_LISTEN,
    OPT_HTTP_PORT,
    OPT_HTTPS_LISTEN,
    OPT_HTTPS_PORT,
    OPT_STATE_DIR,
    OPT_SET_PASSWORD,
    OPT_CONFIG,
    OPT_NO_MDNS,
    OPT_LOG_LEVEL,
    OPT_LOG_FORMAT,
    OPT_CHECK,
    OPT_VERSION,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"sim", required_argument, NULL, OPT_SIM},
    {"usb", no_argument, NULL, OPT_USB},
    {"export", required_argument, NULL, OPT_EXPORT},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"port", required_argument, NULL, OPT_PORT},
    {"http-listen", required_argument, NULL, OPT_HTTP_LISTEN},
    {"http-port", required_argument, NULL, OPT_HTTP_PORT},
    {"https-listen", required_argument, NULL, OPT_HTTPS_LISTEN},
    {"https-port", required_argument, NULL, OPT_HTTPS_PORT},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {"set-password", no_argument, NULL, OPT_SET_PASSWORD},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"no-mdns", no_argument, NULL, OPT_NO_MDNS},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"log-format", required_argument, NULL, OPT_LOG_FORMAT},
    {"check", no_argument, NULL, OPT_CHECK},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool parse_port(const char *text, uint16_t *port)
{
    uint64_t v;
    if (!base_number(text, 0, UINT16_MAX, &v))
        return false;
    *port = (uint16_t)v;
    return true;
}

static bool is_address(const char *text)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found;
    if (getaddrinfo(text, NULL, &hints, &found) != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

static bool parse_level(const char *text, enum eventlog_level *level)
{
    for (*level = EVENTLOG_ERROR; *level <= EVENTLOG_DEBUG; (*level)++)
        if (strcmp(text, eventlog_level_name(*level)) == 0)
            return true;
    return false;
}

static bool parse_format(const char *text, enum log_format *format)
{
    *format = strcmp(text, "json") == 0 ? LOG_JSON : LOG_TEXT;
    return *format == LOG_JSON || strcmp(text, "text") == 0;
}

static bool parse_policy(const char *text, enum access_export *policy)
{
    *policy = strcmp(text, "manual") == 0 ? ACCESS_EXPORT_MANUAL : ACCESS_EXPORT_AUTO;
    return *policy == ACCESS_EXPORT_MANUAL || strcmp(text, "auto") == 0;
}

// NULL, or what is wanted in place of the argument.
static const char *take_option(struct options *o, int id, const char *arg)
{
    const char *const an_address = "an IPv4 or IPv6 address is wanted, without brackets";
    const char *const a_port = "a port is a number from 0 to 65535";
    switch (id) {
    case OPT_SIM:
        o->sim = arg;
        return NULL;
    case OPT_USB:
        o->usb = true;
        return NULL;
    case OPT_EXPORT:
        return parse_policy(arg, &o->export_policy) ? NULL : "the policy is auto or manual";
    case OPT_LISTEN:
        o->listen = arg;
        return is_address(arg) ? NULL : an_address;
    case OPT_HTTP_LISTEN:
        o->http_listen = arg;
        return is_address(arg) ? NULL : an_address;
    case OPT_HTTPS_LISTEN:
        o->https_listen = arg;
        return is_address(arg) ? NULL : an_address;
    case OPT_HTTPS_PORT:
        return parse_port(arg, &o->https_port) ? NULL : a_port;
    case OPT_PORT:
        return parse_port(arg, &o->port) ? NULL : a_port;
    case OPT_HTTP_PORT:
        return parse_port(arg, &o->http_port) ? NULL : a_port;
    case OPT_LOG_LEVEL:
        return parse_level(arg, &o->log_level) ? NULL
                                               : "the level is error, warning, info or debug";
    case OPT_LOG_FORMAT:
        return parse_format(arg, &o->log_format) ? NULL : "the format is text or json";
    case OPT_STATE_DIR:
        o->state_dir = arg;
        return NULL;
    case OPT_SET_PASSWORD:
        o->set_password = true;
        return NULL;
    case OPT_CONFIG:
        o->config = arg;
        return NULL;
    case OPT_CHECK:
        o->check = true;
        return NULL;
    case OPT_NO_MDNS:
        o->no_mdns = true;
        return NULL;
    default:
        return NULL;
    }
}

// getopt's answer '?' or ':' in words.
static void explain(int id, const char *arg, char *why, size_t why_size)
{
    if (optopt > 0 && optopt < OPT_SIM)
        snprintf(why, why_size, "\"-%c\" is not an option", optopt);
    else if (id == ':')
        snprintf(why, why_size, "%s needs a value", arg);
    else
        snprintf(why, why_size, optopt ? "%s: this option takes no value" : "%s is not an option",
                 arg);
}

enum options_action options_parse(struct options *o, int argc, char *const argv[], char *why,
                                  size_t why_size)
{
    int id;
    *o = (struct options){.port = WIRE_PORT, .http_port = 8080, .log_level = EVENTLOG_INFO};
    optind = 0; // from the start, also the second time
    opterr = 0;
    while ((id = getopt_long(argc, argv, "+:", long_options, NULL)) != -1) {
        if (id == OPT_HELP)
            return OPTIONS_HELP;
        if (id == OPT_VERSION)
            return OPTIONS_VERSION;
        if (id == '?' || id == ':') {
            explain(id, argv[optind - 1], why, why_size);
            return OPTIONS_WRONG;
        }
        const char *wanted = take_option(o, id, optarg);
        if (wanted) {
            snprintf(why, why_size, "\"%s\": %s", optarg, wanted);
            return OPTIONS_WRONG;
        }
    }
    if (optind < argc) {
        snprintf(why, why_size, "\"%s\" is not an option", argv[optind]);
        return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}
