// SPDX-License-Identifier: Apache-2.0
// The firmware's memory in the worst case that it promises, as the table in docs/HARDWARE.md. Exit
// status 1 if it does not fit. What is "counted" was taken just now by the core, with the chip's
// sizes; "computed" follows from the firmware's own constants and from sdkconfig.defaults;
// "estimated" is our reading of ESP-IDF's sources.
#include "board_reset.h"
#include "device_size.h"
#include "http_esp.h"
#include "main_settings.h"
#include "main_tasks.h"
#include "memory_core.h"
#include "sdkconfig.h"
#include "users/users.h"

#include <stdio.h>

enum { KIB = 1024, MIB = 1024 * KIB };

// --- the chip (ESP-IDF's soc.h and memory_layout.c, the same amount on every revision) -----------

enum {
    INTERNAL_BYTES = 768 * KIB,
    ROM_BYTES = 0x4ff40000 - 0x4ff3cfc0, // the ROM's own data
    PSRAM_BYTES = 32 * MIB,              // of the chip on the ESP32-P4-Nano
    HEAP_BLOCK_BYTES = 8,                // what the heap adds to a block
    CACHE_LINE = 64,
};
#if CONFIG_CACHE_L2_CACHE_256KB
enum { L2_CACHE_BYTES = 256 * KIB };
#else
enum { L2_CACHE_BYTES = 128 * KIB };
#endif

// --- ESP-IDF -------------------------------------------------------------------------------------

enum {
    // This firmware linked with ESP-IDF 5.5.5, either revision: 119 KiB of code in RAM and 31 of
    // data; the image has 800 KiB.
    STATIC_BYTES = (119 + 31) * KIB,
    IMAGE_BYTES = 1536 * KIB, // the most that the program may have
    // Descriptors are padded to a cache line.
    ETHERNET_DESCRIPTOR_BYTES = 64,
    // A FreeRTOS queue of one pointer each, and a semaphore or two; the rest of a socket goes to
    // PSRAM (SPIRAM_TRY_ALLOCATE_WIFI_LWIP).
    QUEUE_BYTES = 100,
    SOCKET_QUEUES = 3,
    // Default stacks: esp_timer 3584, events 2304, tcpip 3072, Ethernet receive 4096, mDNS 4096,
    // idle and IPC of both cores 2 x 1536 + 2 x 1280; and control blocks of all tasks.
    SYSTEM_STACK_BYTES = 3584 + 2304 + 3072 + 4096 + 4096 + 2 * 1536 + 2 * 1280,
    TASK_BLOCK_BYTES = 400,
    SYSTEM_TASKS = 9,
    // usb_host: per pipe two descriptor lists, aligned to 512 bytes; objects of device, pipe,
    // endpoint and transfer; one transfer for enumeration.
    PIPE_LIST_BYTES = 2 * 512,
    PIPE_OBJECT_BYTES = 400,
    DEVICE_OBJECT_BYTES = 1024,
    TRANSFER_OBJECT_BYTES = 128,
    // esp_http_server: connections, one request; of an asynchronous one what is below 512 bytes.
    HTTP_BYTES = 16 * KIB + HTTP_ESP_STREAMS * 256,
    // What we know of connections; asynchronous requests with their headers.
    HTTP_PSRAM_BYTES = 8 * KIB + HTTP_ESP_STREAMS * 4 * KIB,
    MESSAGE_BYTES = 64 * KIB,        // everything about 8 devices in use, with 50 events
    MESSAGES = HTTP_ESP_STREAMS + 2, // what slow readers still get; the latest, in full and not
    JOBS = 2,                        // that HTTP has at a time
    JSON_BYTES = 128 * KIB,          // the status of 8 devices in use, while it is made
};

// --- the devices: as many endpoints as the two controllers have channels -------------------------
// Four disks, a serial adapter, a keyboard with media keys, a headset, a webcam.

enum {
    DEVICES = CONFIG_USBIP_MAX_DEVICES,
    BULK = 4 * 2 + 2,
    INTERRUPT = 1 + 2,
    AUDIO = 2,
    VIDEO = 1,
    ENDPOINTS = BULK + INTERRUPT + AUDIO + VIDEO,
    PIPES = DEVICES + ENDPOINTS,
    CONFIG_BYTES = DEVICE_CONFIG_BYTES, // the longest configuration, in each
    AUDIO_PACKET_BYTES = 192,
    VIDEO_PACKET_BYTES = 1024,
};
_Static_assert(PIPES == DEVICE_HIGH_SPEED_CHANNELS + DEVICE_FULL_SPEED_CHANNELS, "channels");

static unsigned lines(unsigned bytes)
{
    return (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE + HEAP_BLOCK_BYTES;
}

// `per_second` packets of `size` bytes: DEVICE_ISO_US of them, as far as that is allowed.
static unsigned isochronous(unsigned per_second, unsigned size)
{
    unsigned packets = (unsigned)((unsigned long long)per_second * DEVICE_ISO_US / 1000000);
    packets = packets < DEVICE_ISO_FRAMES_MAX ? packets : DEVICE_ISO_FRAMES_MAX;
    unsigned fit = DEVICE_ISO_BYTES / size;
    return DEVICE_ISO_DEPTH * lines((packets < fit ? packets : fit) * size);
}

static unsigned transfers(void)
{
    return DEVICE_POOL_COUNT * lines(DEVICE_POOL_BYTES) + DEVICES * lines(DEVICE_CONTROL_BYTES) +
           BULK * lines(DEVICE_BULK_BYTES) + INTERRUPT * DEVICE_INTERRUPT_DEPTH * lines(64) +
           AUDIO * isochronous(1000, AUDIO_PACKET_BYTES) +
           VIDEO * isochronous(8000, VIDEO_PACKET_BYTES);
}

static unsigned usb_library(void)
{
    unsigned count = DEVICE_POOL_COUNT + DEVICES + BULK + INTERRUPT * DEVICE_INTERRUPT_DEPTH +
                     (AUDIO + VIDEO) * DEVICE_ISO_DEPTH;
    return PIPES * (PIPE_LIST_BYTES + PIPE_OBJECT_BYTES) + DEVICES * DEVICE_OBJECT_BYTES +
           count * TRANSFER_OBJECT_BYTES + lines(CONFIG_USB_HOST_CONTROL_TRANSFER_MAX_SIZE + 8);
}

static unsigned ethernet(void)
{
    return (CONFIG_ETH_DMA_RX_BUFFER_NUM + CONFIG_ETH_DMA_TX_BUFFER_NUM) *
           (CONFIG_ETH_DMA_BUFFER_SIZE + ETHERNET_DESCRIPTOR_BYTES);
}

static unsigned lwip(void)
{
    return CONFIG_LWIP_MAX_SOCKETS *
               (CONFIG_LWIP_TCP_RECVMBOX_SIZE * 4 + SOCKET_QUEUES * QUEUE_BYTES) +
           CONFIG_LWIP_TCPIP_RECVMBOX_SIZE * 4 + QUEUE_BYTES;
}

static unsigned stacks(void)
{
    static const struct main_task *const tasks[] = {
        &main_task_usb_daemon, &main_task_usb_client, &main_task_loop,
        &main_task_network,    &main_task_http,       &main_task_jobs,
        &main_task_log,        &main_task_console,    &main_task_button,
    };
    unsigned bytes = SYSTEM_STACK_BYTES + SYSTEM_TASKS * TASK_BLOCK_BYTES;
    for (unsigned i = 0; i < sizeof tasks / sizeof tasks[0]; i++)
        bytes += tasks[i]->stack_size + TASK_BLOCK_BYTES;
    return bytes;
}

// Each store has its own; a job about users has three of their document, and one is loaded into.
static unsigned documents(void)
{
    return 2 * sizeof(struct store_nvs) + 2 * sizeof(struct settings) + sizeof(struct users) +
           (JOBS * 3 + 1) * sizeof(struct users_document);
}

// --- the table -----------------------------------------------------------------------------------

struct memory {
    const char *name;
    unsigned long room, taken;
};

static void row(struct memory *m, unsigned long bytes, const char *what, const char *how)
{
    m->taken += bytes;
    printf("| %s | %s | %lu | %s |\n", m->name, what, (bytes + KIB - 1) / KIB, how);
}

static bool sum(const struct memory *m)
{
    printf("| %s | **all of it** | **%lu** | **of %lu** |\n", m->name, (m->taken + KIB - 1) / KIB,
           m->room / KIB);
    return m->taken <= m->room;
}

static bool internal_memory(void)
{
    struct memory m = {"internal", INTERNAL_BYTES, 0};
    row(&m, L2_CACHE_BYTES, "L2 cache", "sdkconfig.defaults");
    row(&m, ROM_BYTES, "the ROM's own data", "ESP-IDF");
    row(&m, STATIC_BYTES, "code in RAM and static data", "a full link");
    row(&m, stacks(), "stacks of all tasks", "computed");
    row(&m, ethernet(), "Ethernet's buffers", "computed");
    row(&m, lwip(), "queues of the sockets", "estimated");
    row(&m, usb_library(), "USB library: pipes, devices, transfers", "estimated");
    row(&m, transfers(), "USB transfer buffers", "computed");
    row(&m, HTTP_BYTES, "HTTP server", "estimated");
    bool fits = sum(&m);
    unsigned long left = fits ? m.room - m.taken : 0;
    printf("| internal | left for peaks and for payload of short URBs | %lu | at least %d |\n",
           left / KIB, DEVICE_INTERNAL_RESERVE / KIB);
    return left >= DEVICE_INTERNAL_RESERVE;
}

static bool psram(const struct server_config *config, const struct memory_core *core)
{
    struct memory m = {"PSRAM", PSRAM_BYTES, 0};
    row(&m, IMAGE_BYTES, "the program, which runs from there", "limit");
    row(&m, core->bytes, "core: server, devices, sessions, URBs", "counted");
    row(&m, (unsigned long)config->total_budget_bytes, "payload of URBs in flight", "limit");
    row(&m, (unsigned long)config->pool_cache_bytes, "payload kept for the next ones", "limit");
    row(&m,
        (unsigned long)config->max_connections *
            (CONFIG_LWIP_TCP_WND_DEFAULT + CONFIG_LWIP_TCP_SND_BUF_DEFAULT),
        "TCP, all windows full", "computed");
    row(&m, HTTP_PSRAM_BYTES, "HTTP: connections, streams", "estimated");
    row(&m, MESSAGES * MESSAGE_BYTES, "messages of streams", "estimated");
    row(&m, documents(), "settings, users, changes of them", "computed");
    row(&m, JSON_BYTES, "a status document while it is made", "estimated");
    row(&m, (unsigned long)board_reset_eventlog_memory().size, "event log", "limit");
    return sum(&m);
}

int main(void)
{
    static struct main_settings settings;
    struct server_config config;
    struct memory_core core;
    if (!main_settings_open(&settings))
        return 1;
    main_settings_server(&settings.now, &config);
    memory_core_measure(&config, DEVICES, CONFIG_BYTES, HEAP_BLOCK_BYTES, &core);
    printf("| memory | what | KiB | known by |\n|---|---|---|---|\n");
    bool fits = internal_memory();
    fits = psram(&config, &core) && fits;
    printf("\n%u devices attached, %u URBs in flight, %u connections more. "
           "An attached device costs %u KiB in the core.\n",
           DEVICES, (unsigned)core.urbs, config.max_connections - DEVICES,
           (unsigned)((core.per_device + KIB - 1) / KIB));
    if (!fits)
        printf("FAILED: it does not fit\n");
    return fits ? 0 : 1;
}
