// SPDX-License-Identifier: Apache-2.0
// The whole firmware on this machine, from app_main() to esp_restart(): all of its own code, on
// doubles of what ESP-IDF has, over real loopback sockets. A disk is plugged into the high-speed
// port; more devices are simulated ones on bus 3. There is one life per process, so one such test.
#include "tests/firmware/console_double.h"
#include "tests/firmware/crypto_double.h"
#include "tests/firmware/gpio_double.h"
#include "tests/firmware/http_double.h"
#include "tests/firmware/idf_double.h"
#include "tests/firmware/main_backup.h"
#include "tests/firmware/main_login.h"
#include "tests/firmware/network_double.h"
#include "tests/firmware/network_double_tcp.h"
#include "tests/firmware/nvs_double.h"
#include "tests/firmware/task_double.h"
#include "tests/firmware/usb_host_double.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "tests/support/tcp_client.h"
#include "web/web_assets.h"

#include "board_reset.h"
#include "esp_app_desc.h"
#include "esp_core_dump.h"
#include "esp_system.h"
#include "esp_vfs_eventfd.h"
#include "main.h"
#include "main_http.h"
#include "main_network.h"
#include "main_usb.h"
#include "ports/posix/posix_time.h"
#include "sdkconfig.h"
#include "sim/set/sim_set.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WATCHED_TASKS = 5, DEVICES = 6 }; // with those that Kconfig simulates

static sem_t restarted;

// --- the chip ------------------------------------------------------------------------------------

static esp_reset_reason_t reset_reason = ESP_RST_TASK_WDT;

esp_reset_reason_t esp_reset_reason(void)
{
    return reset_reason;
}

void esp_restart(void)
{
    sem_post(&restarted);
    for (;;)
        pause();
}

static unsigned core_dumps_erased;
static esp_err_t core_dump_answer;

esp_err_t esp_core_dump_image_erase(void)
{
    core_dumps_erased++;
    return core_dump_answer;
}

// As many as app_main() says: the loop's and the network's.
esp_err_t esp_vfs_eventfd_register(const esp_vfs_eventfd_config_t *config)
{
    return config->max_fds >= 2 ? ESP_OK : ESP_ERR_INVALID_ARG;
}

const esp_app_desc_t *esp_app_get_description(void)
{
    static const esp_app_desc_t description = {.version = "1.2.3"};
    return &description;
}

// --- calls that are led through here (--wrap) ----------------------------------------------------

static atomic_uint usb_wakes, network_wakes, other_wakes; // by the task that calls

void __real_posix_loop_wake(struct posix_loop *loop);
void __wrap_posix_loop_wake(struct posix_loop *loop);

void __wrap_posix_loop_wake(struct posix_loop *loop)
{
    atomic_fetch_add(task_double_is("usb_client") ? &usb_wakes
                     : task_double_is("network")  ? &network_wakes
                                                  : &other_wakes,
                     1);
    __real_posix_loop_wake(loop);
}

static atomic_uint told_devices, told_held; // what the network was told last

void __real_network_devices(struct network *n, unsigned devices);
void __wrap_network_devices(struct network *n, unsigned devices);
void __real_network_held(struct network *n, bool held);
void __wrap_network_held(struct network *n, bool held);

void __wrap_network_devices(struct network *n, unsigned devices)
{
    atomic_store(&told_devices, devices);
    __real_network_devices(n, devices);
}

void __wrap_network_held(struct network *n, bool held)
{
    atomic_store(&told_held, held);
    __real_network_held(n, held);
}

static struct device_usb_host_config *caught; // not NULL: what would be created is put here

struct device_usb_host *__real_device_usb_host_create(const struct device_usb_host_config *config,
                                                      const char **why);
struct device_usb_host *__wrap_device_usb_host_create(const struct device_usb_host_config *config,
                                                      const char **why);

struct device_usb_host *__wrap_device_usb_host_create(const struct device_usb_host_config *config,
                                                      const char **why)
{
    if (!caught)
        return __real_device_usb_host_create(config, why);
    *caught = *config;
    *why = "this is a test";
    return NULL;
}

// --- the world around it -------------------------------------------------------------------------

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return posix_now_us();
}

static void plug_a_disk(void)
{
    char why[128] = "";
    struct sim_bus *bus = sim_bus_create(&heap, 1);
    CHECK_EQ(sim_set_plug(bus, "disk:size=1M", NULL, why, sizeof why), BASE_OK);
    const struct usb_host_double_config config = {.bus = {bus}, .now_us = now_us, .threads = true};
    usb_host_double_begin(&config);
}

static int connect_to(const struct firmware *f)
{
    int fd = tcp_client_connect("127.0.0.1", posix_loop_listener(f->loop)->port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    return fd;
}

// Enumeration takes its time, and tells nobody that can be asked.
static void await_devices(const struct firmware *f, unsigned count)
{
    uint64_t until_us = posix_now_us() + TCP_CLIENT_MS * 1000ull;
    const struct timespec pause = {.tv_nsec = 100000000};
    unsigned seen = 0;
    while (seen != count && posix_now_us() < until_us) {
        int fd = connect_to(f);
        seen = usbip_client_devlist(fd);
        close(fd);
        nanosleep(&pause, NULL);
    }
    CHECK_EQ(seen, count);
}

static const char *http_get(const char *path)
{
    static struct http_double_answer answer;
    char request[100];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n\r\n", path);
    http_double_send(request, &answer);
    return answer.text;
}

static void http_shows(const char *path, const char *part)
{
    const char *text = http_get(path);
    if (!strstr(text, part))
        CHECK_STR(text, part);
}

// With that status, and `part` in what comes.
static void http_sends(const char *method, const char *path, const char *body, const char *status,
                       const char *part)
{
    static struct http_double_answer answer;
    char request[800], line[64];
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nIf-Match: *\r\nContent-Length: %zu\r\n\r\n%s",
             method, path, strlen(body), body);
    snprintf(line, sizeof line, "HTTP/1.1 %s ", status);
    http_double_send(request, &answer);
    if (strncmp(answer.text, line, strlen(line)) != 0 || !strstr(answer.text, part))
        check_fail(__FILE__, __LINE__, "%s: no %s, %s in %s", body, status, part, answer.text);
}

static void http_patches(const char *path, const char *body, const char *status, const char *part)
{
    http_sends("PATCH", path, body, status, part);
}

static void http_posts(const char *path, const char *body, const char *status, const char *part)
{
    http_sends("POST", path, body, status, part);
}

// As a browser that was given this name for the box.
static void http_changes(const char *path, const char *host, const char *status)
{
    static struct http_double_answer answer;
    char request[200], line[64];
    snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n",
             path, host);
    snprintf(line, sizeof line, "HTTP/1.1 %s ", status);
    http_double_send(request, &answer);
    if (strncmp(answer.text, line, strlen(line)) != 0)
        CHECK_STR(answer.text, line);
}

static void console_says(const char *line, const char *part)
{
    int answer = -1;
    const char *text = console_double_run(line, &answer);
    CHECK_EQ(answer, 0);
    if (!strstr(text, part))
        CHECK_STR(text, part);
}

static bool is_saved(const char *part)
{
    static const char *const keys[] = {"settings0", "settings1"};
    char text[4096];
    bool found = false;
    for (unsigned i = 0; i < 2; i++) {
        size_t size;
        const uint8_t *value = nvs_double_value(keys[i], &size);
        CHECK(!value || size < sizeof text);
        for (size_t n = 0; value && n < size; n++)
            text[n] = value[n] ? (char)value[n] : ' ';
        text[value ? size : 0] = '\0';
        found |= strstr(text, part) != NULL;
    }
    return found;
}

// What HTTP and the console change is one document, saved before it holds.
static void check_changes(void)
{
    http_patches("/api/v1/settings", "{\"limits\":{\"max_urbs\":90}}", "200", "\"max_urbs\":90");
    console_says("settings get limits.max_urbs", "90");
    CHECK(is_saved("\"max_urbs\": 90"));
    console_says("settings get host_name", "my-box");
    http_patches("/api/v1/settings", "{\"limits\":{\"max_urbs\":7}}", "422", "/limits/max_urbs");
    http_patches("/api/v1/settings?dry_run=1", "{\"access\":{\"mode\":\"closed\"}}", "200", "ends");
    http_patches("/api/v1/devices/1-1", "{\"alias\":\"stick\",\"alias_by\":\"port\"}", "200",
                 "\"alias\":\"stick\"");
    CHECK(is_saved("\"alias\": \"stick\""));
    console_says("settings set limits.max_urbs 100", "saved"); // and the list stays
    http_shows("/api/v1/devices/stick", "\"busid\":\"1-1\"");

    nvs_double_fail_writes(true);
    http_patches("/api/v1/settings", "{\"limits\":{\"max_urbs\":80}}", "503", "cannot be written");
    nvs_double_fail_writes(false);
    http_shows("/api/v1/settings", "\"max_urbs\":100");
    console_says("settings get limits.max_urbs", "100");
    http_patches("/api/v1/settings", "{\"limits\":{\"max_urbs\":90}}", "200", "\"max_urbs\":90");
}

// The network's task takes it over.
static void await_name(const struct firmware *f, const char *name)
{
    struct network_state state = {0};
    const struct timespec pause = {.tv_nsec = 10000000};
    uint64_t until_us = posix_now_us() + TCP_CLIENT_MS * 1000ull;
    while (strcmp(state.host_name, name) != 0 && posix_now_us() < until_us) {
        nanosleep(&pause, NULL);
        network_state(f->network, &state);
    }
    CHECK_STR(state.host_name, name);
}

// The network gets what is changed over HTTP as well; what it does with an address that does not
// work is network_test.c's.
static void check_network_changes(const struct firmware *f)
{
    static const char wanted[] =
        "{\"host_name\":\"her-box\",\"network\":{\"addressing\":\"static\",\"address\":"
        "\"192.168.1.50\",\"netmask\":\"255.255.255.0\",\"gateway\":\"192.168.1.1\"}}";
    http_patches("/api/v1/settings", wanted, "200", "\"192.168.1.50\"");
    await_name(f, "her-box");
    CHECK_STR(network_double_pins(), "31,52,50,49,34,35,28,29,30"); // docs/HARDWARE.md, Boards
    console_says("settings get network.address", "192.168.1.50");
    http_patches("/api/v1/settings", "{\"host_name\":\"my-box\",\"network\":null}", "200",
                 "\"dhcp\"");
}

static void check_tasks(void)
{
    static const char *const names[] = {"usb_daemon", "usb_client", "loop", "network", "log"};
    for (unsigned i = 0; i < WATCHED_TASKS; i++)
        CHECK(task_double_runs(names[i]));
    CHECK_EQ(idf_double_watched_tasks(), WATCHED_TASKS);
    idf_double_watchdog_look();
}

// Each of them tells the watchdog, though it may have nothing to do: until then since
// check_tasks().
static void await_all_tasks(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    uint64_t until_us = posix_now_us() + 10000000; // the watchdog's patience
    while (idf_double_silent_tasks() > 0 && posix_now_us() < until_us)
        nanosleep(&pause, NULL);
    CHECK_EQ(idf_double_silent_tasks(), 0);
    CHECK_EQ(idf_double_watched_tasks(), WATCHED_TASKS);
}

static void await_value(atomic_uint *what, unsigned value)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    uint64_t until_us = posix_now_us() + TCP_CLIENT_MS * 1000ull;
    while (atomic_load(what) != value && posix_now_us() < until_us)
        nanosleep(&pause, NULL);
    CHECK_EQ(atomic_load(what), value);
}

// The loop sleeps: whoever has something for it wakes it.
static void check_wakes(void)
{
    const struct timeval tv = {.tv_sec = 1795350896};
    CHECK(atomic_load(&usb_wakes) > 0);     // each answer of the disk came with one,
    CHECK(atomic_load(&network_wakes) > 0); // and the address
    CHECK(task_double_notices() > 0);       // and the log task's events
    unsigned before = atomic_load(&other_wakes);
    network_double_set_clock(&tv);
    CHECK(atomic_load(&other_wakes) > before);
}

// The loop leaves its core to others ten times a second, however much it has to do, and not more.
static void check_rests(uint64_t begun_us)
{
    unsigned rests = idf_double_rests();
    CHECK(rests > 0);
    CHECK(rests <= (posix_now_us() - begun_us) / 100000 + 1);
}

// The settings go, the client gets its FIN, the chip restarts.
static void reset_by_button(int client)
{
    gpio_double_set(CONFIG_USBIP_BUTTON_GPIO, true);
    CHECK(gpio_double_tick(5)); // seen released
    gpio_double_set(CONFIG_USBIP_BUTTON_GPIO, false);
    CHECK(gpio_double_tick(600));
    CHECK_EQ(tcp_client_wait_end(client, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    CHECK_EQ(sem_wait(&restarted), 0);
    size_t size;
    CHECK(nvs_double_value("settings0", &size) == NULL);
    CHECK(!nvs_double_value("secrets0", &size) && !nvs_double_value("secrets1", &size));
    console_says("settings set host_name other-box", "not saved: all settings were erased");
    CHECK(nvs_double_value("settings0", &size) == NULL); // else the old ones were back with it
}

// Kconfig gives VBUS of bus 1 a pin of Ethernet (main.cmake).
static void check_vbus(void)
{
    CHECK_STR(gpio_double_calls(), "21=1 21out 20in+");
    CHECK(idf_double_has_logged("VBUS of bus 1: GPIO35 belongs to Ethernet"));
}

// The loop asks lwIP each second what it has heard of the client.
static void await_look_at_silence(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    unsigned before = atomic_load(&network_double_looks);
    uint64_t until_us = posix_now_us() + 10000000;
    while (atomic_load(&network_double_looks) == before && posix_now_us() < until_us)
        nanosleep(&pause, NULL);
    CHECK(atomic_load(&network_double_looks) != before);
}

// A box whose Ethernet could not be started has HTTP for nobody, but facts for whoever asks.
static void check_facts_without_network(void)
{
    struct api_port_facts facts = {0};
    struct firmware f = {.loop = main_firmware.loop};
    main_http_facts(&f, &facts);
    CHECK_STR(facts.port, "esp32p4");
    CHECK_STR(facts.id, "");
    CHECK_EQ(facts.address_count, 0);
    CHECK(facts.link_mbps == API_UNKNOWN && !facts.address_source);
    CHECK_EQ(facts.pool_count, 2);
    CHECK_STR(facts.pools[0].name, "internal");
}

static const struct firmware *start_board(void)
{
    CHECK_EQ(sem_init(&restarted, 0, 0), 0);
    nvs_double_begin();
    network_double_reset();
    console_double_begin(0);
    gpio_double_reset();
    plug_a_disk();
    atomic_store(&crypto_double_iteration_ns, 25000); // as the chip: 20,000 in half a second
    app_main();
    check_vbus();
    return &main_firmware;
}

// A name that the run before has left in the memory for events.
static void leave_an_event(void)
{
    struct eventlog_memory m = board_reset_eventlog_memory();
    struct eventlog_event e = {.what = EVENTLOG(device_renamed), .busid = "7-7"};
    m.written = NULL; // the cache's double is the USB library's, which has not begun
    struct eventlog *log = eventlog_create_in(&heap, &m);
    eventlog_record(log, &e);
    eventlog_destroy(log);
}

static void *restart_for(void *why)
{
    board_reset_restart(*(const enum eventlog_start *)why);
}

// As the run before has ended.
static void plan(enum eventlog_start why)
{
    pthread_t ended; // it stays in esp_restart()
    CHECK_EQ(sem_init(&restarted, 0, 0), 0);
    CHECK_EQ(pthread_create(&ended, NULL, restart_for, &why), 0);
    CHECK_EQ(sem_wait(&restarted), 0);
}

// Flash refuses, in the middle or at first: nobody restarts, and nobody is told that one is near.
static void fails_to_reset(const char *admin, const char *name)
{
    static const char path[] = "/api/v1/factory-reset";
    nvs_double_fail_erase(true);
    CHECK(strstr(main_login_ask("POST", path, admin, name), "HTTP/1.1 503 "));
    nvs_double_fail_erase(false);
    console_says("settings set limits.max_urbs 90", "saved");
    CHECK(is_saved("\"my-box\"")); // all of it
    core_dump_answer = ESP_FAIL;
    CHECK(strstr(main_login_ask("POST", path, admin, name), "the core dump cannot be erased"));
    CHECK(is_saved("\"my-box\""));
    core_dump_answer = ESP_ERR_NOT_FOUND;
}

// The answer comes before the end, and the next run knows why it is one.
static void reset_by_http(const struct firmware *f, bool is_reset)
{
    static const char name[] = "{\"host_name\":\"my-box\"}";
    char admin[MAIN_LOGIN_COOKIE_SIZE];
    struct usbip_client c;
    size_t size;
    await_devices(f, DEVICES);
    CHECK_EQ(strstr(http_get("/api/v1/events"), "\"7-7\"") != NULL, !is_reset);
    CHECK_EQ(usbip_client_import(&c, connect_to(f), "1-1"), WIRE_ST_OK);
    http_patches("/api/v1/settings", "{\"host_name\":\"my-box\"}", "200", "\"my-box\"");
    CHECK(nvs_double_value("settings0", &size) || nvs_double_value("settings1", &size));
    await_name(f, "my-box");
    http_posts("/api/v1/factory-reset", "{\"host_name\":\"her-box\"}", "409", "/host_name");
    main_login_claim(admin);
    CHECK(nvs_double_value("secrets0", &size));
    http_posts("/api/v1/factory-reset", name, "401", "login");
    CHECK_EQ(core_dumps_erased, 0);
    fails_to_reset(admin, name);
    const char *answer = main_login_ask("POST", "/api/v1/factory-reset", admin, name);
    CHECK(strstr(answer, "HTTP/1.1 202 ") == answer);
    CHECK(strstr(answer, "{\"drain_s\":5,\"stays\":null}"));
    CHECK_EQ(tcp_client_wait_end(c.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(c.fd);
    CHECK_EQ(sem_wait(&restarted), 0);
    CHECK(!nvs_double_value("settings0", &size) && !nvs_double_value("settings1", &size));
    CHECK(!nvs_double_value("secrets0", &size) && !nvs_double_has_remains());
    CHECK_EQ(core_dumps_erased, 3);
    CHECK_EQ(board_reset_start(), EVENT_START_FACTORY_RESET);
}

// A life of its own: in a process that has none yet.
static void in_a_process(void (*live)(enum eventlog_start planned), enum eventlog_start planned)
{
    int status;
    (void)fflush(stdout);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        live(planned);
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// What is planned is what this run is.
static void live_and_reset(enum eventlog_start planned)
{
    leave_an_event();
    reset_reason = ESP_RST_SW;
    plan(planned);
    reset_by_http(start_board(), planned == EVENT_START_FACTORY_RESET);
}

static void live_with_a_backup(enum eventlog_start planned)
{
    (void)planned;
    (void)start_board();
    main_backup_story();
}

TEST(main_backup_moves_from_linux_and_back)
{
    in_a_process(live_with_a_backup, EVENT_START_RESTART);
}

TEST(main_factory_reset_by_http)
{
    in_a_process(live_and_reset, EVENT_START_RESTART);
}

TEST(main_after_a_factory_reset_the_events_begin_anew)
{
    in_a_process(live_and_reset, EVENT_START_FACTORY_RESET);
}

TEST(main_from_start_to_restart)
{
    struct usbip_client c;
    uint64_t begun_us = posix_now_us();
    const struct firmware *f = start_board();

    await_devices(f, DEVICES);
    check_tasks();
    CHECK_EQ(usbip_client_import(&c, connect_to(f), "1-1"), WIRE_ST_OK);
    usbip_client_configure(&c, 1);
    await_value(&told_devices, DEVICES);
    await_value(&told_held, true);
    http_shows("/healthz", "{\"status\":\"ok\"}");
    http_shows("/api/v1/devices", "\"busid\":\"3-3\"");
    http_shows("/api/v1/status", "\"version\":\"1.2.3\"");
    http_shows("/api/v1/status", "\"port\":\"esp32p4\",\"board\":\"ESP32-P4-Nano\"");
    http_shows("/api/v1/status", "\"pool\":\"psram\"");
    http_shows("/api/v1/status", "\"id\":\"02:00:00:00:00:01\"");
    http_shows("/", web_assets.count > 0 ? "\r\nContent-Encoding: gzip\r\n" : "without its page");
    check_facts_without_network();
    console_says("devices", "1-1");
    console_says("state", "USB: 6 large transfer buffers free");
    console_says("events 20", "watchdog");

    console_says("settings get host_name", "usbip-esp32p4"); // Kconfig's is none (main.cmake)
    console_says("settings set host_name my-box", "saved");
    console_says("settings get host_name", "my-box");
    console_says("settings set usb.bus1_speed full", "next \"restart\"");
    console_says("settings set usb.bus1_speed high", "next \"restart\"");
    console_says("settings set limits.max_urbs 100", "saved\n");
    CHECK(is_saved("\"max_urbs\": 100"));
    http_shows("/healthz", "{\"status\":\"ok\"}");
    await_look_at_silence();

    http_shows("/api/v1/settings", "\"host_name\":\"my-box\"");
    http_shows("/api/v1/settings", "\"max_urbs\":100");
    check_changes();
    check_network_changes(f);
    http_shows("/api/v1/simulate", "\"kind\":\"keyboard\"");
    http_changes("/api/v1/devices/3-3/unplug", "my-box", "202");
    http_changes("/api/v1/devices/3-3/plug", "usbip-esp32p4", "421"); // that it was
    http_changes("/api/v1/devices/3-3/plug", "my-box.local", "202");
    main_login_story();

    check_wakes();
    await_all_tasks();
    check_rests(begun_us);
    reset_by_button(c.fd);
    close(c.fd);
}

// --- USB -----------------------------------------------------------------------------------------

TEST(main_bus_1_has_the_speed_that_is_set_for_it)
{
    struct device_usb_host_config config;
    struct main_usb u = {0};
    struct settings s = {0};
    struct server_config server_config;
    server_config_default(&server_config);
    struct usbip_server *server = server_create(&server_config, &heap, 1);
    caught = &config;
    s.bus_speed[0] = SETTINGS_FULL_SPEED;
    main_usb_open(&u, &s, server);
    CHECK(config.high_speed_port && config.full_speed_port);
    CHECK(config.high_speed_port_full_only);
    s.bus_speed[0] = SETTINGS_HIGH_SPEED;
    s.bus_speed[1] = SETTINGS_FULL_SPEED;
    main_usb_open(&u, &s, server);
    CHECK(!config.high_speed_port_full_only);
    CHECK(!u.host);
    caught = NULL;
    server_destroy(server);
}

// --- what the event log says of the network ------------------------------------------------------

// The last event and how many there are after `from` became `to`.
static unsigned events_of(const struct network_state *from, const struct network_state *to,
                          char text[100])
{
    struct eventlog *log = eventlog_create(&heap, 4);
    const struct eventlog_event *e;
    unsigned n = 0;
    main_network_record(log, 7, from, to);
    for (; (e = eventlog_next(log, n)) != NULL; n++)
        eventlog_text(e, text, 100);
    eventlog_destroy(log);
    return n;
}

TEST(main_network_changes_are_events)
{
    const struct network_state none = {0}, waiting = {.installed = true},
                               linked = {.installed = true, .link_up = true};
    struct network_state dhcp = linked, other, fallen;
    char text[100];
    dhcp.source = NETWORK_DHCP;
    memcpy(dhcp.address, (uint8_t[]){192, 0, 2, 7}, 4);
    CHECK_EQ(events_of(&none, &waiting, text), 0); // each start
    CHECK_EQ(events_of(&waiting, &linked, text), 0);
    CHECK_EQ(events_of(&linked, &dhcp, text), 1);
    CHECK_STR(text, "network: address 192.0.2.7 (DHCP)");
    CHECK_EQ(events_of(&dhcp, &dhcp, text), 0);
    other = dhcp;
    other.address[3] = 8;
    CHECK_EQ(events_of(&dhcp, &other, text), 1);
    CHECK_STR(text, "network: address 192.0.2.8 (DHCP)");
    CHECK_EQ(events_of(&dhcp, &waiting, text), 1);
    CHECK_STR(text, "network: no Ethernet cable, or nothing at its other end");
    CHECK_EQ(events_of(&dhcp, &linked, text), 1);
    CHECK_STR(text, "network: no address");
    fallen = linked;
    fallen.trouble = NETWORK_GATEWAY_SILENT;
    CHECK_EQ(events_of(&linked, &fallen, text), 1);
    CHECK_STR(text, "network: the static address is doubtful: "
                    "the gateway of the settings does not answer");
}
