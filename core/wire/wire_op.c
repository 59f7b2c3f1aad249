// SPDX-License-Identifier: Apache-2.0
#include "wire/wire_op.h"

#include <string.h>

// Offsets in the 312-byte device record.
enum {
    AT_BUSID = 256,
    AT_BUSNUM = 288,
    AT_DEVNUM = 292,
    AT_SPEED = 296,
    AT_VENDOR = 300,
    AT_PRODUCT = 302,
    AT_BCD_DEVICE = 304,
    AT_CLASS = 306,
    AT_SUBCLASS = 307,
    AT_PROTOCOL = 308,
    AT_CONFIG_VALUE = 309,
    AT_CONFIGS = 310,
    AT_INTERFACES = 311,
};

void wire_op_header_pack(uint8_t out[WIRE_OP_HEADER_SIZE], const struct wire_op_header *h)
{
    base_put_be16(out, h->version);
    base_put_be16(out + 2, h->code);
    base_put_be32(out + 4, h->status);
}

struct wire_op_header wire_op_header_unpack(const uint8_t in[WIRE_OP_HEADER_SIZE])
{
    return (struct wire_op_header){
        .version = base_get_be16(in),
        .code = base_get_be16(in + 2),
        .status = base_get_be32(in + 4),
    };
}

enum base_err wire_busid_unpack(char out[WIRE_BUSID_SIZE], const uint8_t in[WIRE_BUSID_SIZE])
{
    const uint8_t *end = memchr(in, 0, WIRE_BUSID_SIZE);
    memset(out, 0, WIRE_BUSID_SIZE);
    if (!end || end == in)
        return BASE_ERR_NOT_FOUND;
    memcpy(out, in, (size_t)(end - in));
    return BASE_OK;
}

// `text` without the terminator; the field is zero already and always keeps a NUL.
static void put_text(uint8_t *field, size_t size, const char *text)
{
    size_t n = strlen(text);
    memcpy(field, text, n < size ? n : size - 1);
}

void wire_device_pack(uint8_t out[WIRE_DEVICE_SIZE], const struct usb_device_info *d,
                      uint8_t interfaces)
{
    struct usb_device_descriptor desc = {0};
    (void)usb_device_descriptor_unpack(&desc, d->device_descriptor);
    memset(out, 0, WIRE_DEVICE_SIZE);
    put_text(out, AT_BUSID, d->path);
    put_text(out + AT_BUSID, WIRE_BUSID_SIZE, d->busid);
    base_put_be32(out + AT_BUSNUM, d->busnum);
    base_put_be32(out + AT_DEVNUM, d->devnum);
    base_put_be32(out + AT_SPEED, d->speed);
    base_put_be16(out + AT_VENDOR, desc.idVendor);
    base_put_be16(out + AT_PRODUCT, desc.idProduct);
    base_put_be16(out + AT_BCD_DEVICE, desc.bcdDevice);
    out[AT_CLASS] = desc.bDeviceClass;
    out[AT_SUBCLASS] = desc.bDeviceSubClass;
    out[AT_PROTOCOL] = desc.bDeviceProtocol;
    out[AT_CONFIG_VALUE] = d->active_config;
    out[AT_CONFIGS] = desc.bNumConfigurations;
    out[AT_INTERFACES] = interfaces;
}

void wire_device_name(uint8_t record[WIRE_DEVICE_SIZE], const char *name)
{
    memset(record + AT_BUSID, 0, WIRE_BUSID_SIZE);
    put_text(record + AT_BUSID, WIRE_BUSID_SIZE, name);
}

void wire_interface_pack(uint8_t out[WIRE_INTERFACE_SIZE], const struct usb_interface *i)
{
    out[0] = i->bInterfaceClass;
    out[1] = i->bInterfaceSubClass;
    out[2] = i->bInterfaceProtocol;
    out[3] = 0;
}

static void get_text(char *out, size_t size, const uint8_t *field)
{
    memcpy(out, field, size);
    out[size - 1] = '\0';
}

void wire_device_unpack(struct wire_device *d, const uint8_t in[WIRE_DEVICE_SIZE])
{
    get_text(d->path, sizeof d->path, in);
    get_text(d->busid, sizeof d->busid, in + AT_BUSID);
    d->busnum = base_get_be32(in + AT_BUSNUM);
    d->devnum = base_get_be32(in + AT_DEVNUM);
    d->speed = base_get_be32(in + AT_SPEED);
    d->idVendor = base_get_be16(in + AT_VENDOR);
    d->idProduct = base_get_be16(in + AT_PRODUCT);
    d->bcdDevice = base_get_be16(in + AT_BCD_DEVICE);
    d->bDeviceClass = in[AT_CLASS];
    d->bDeviceSubClass = in[AT_SUBCLASS];
    d->bDeviceProtocol = in[AT_PROTOCOL];
    d->bConfigurationValue = in[AT_CONFIG_VALUE];
    d->bNumConfigurations = in[AT_CONFIGS];
    d->bNumInterfaces = in[AT_INTERFACES];
}
