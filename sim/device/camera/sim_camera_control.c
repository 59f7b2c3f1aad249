// SPDX-License-Identifier: Apache-2.0
// Class requests to the webcam (USB Video 1.1 chapter 4). What it refuses stalls, and the request
// error code control tells why.
#include "base/base_bytes.h"
#include "sim_camera_device.h"

#include <string.h>

enum camera_request { // bRequest
    SET_CUR = 0x01,
    GET_CUR = 0x81,
    GET_MIN = 0x82,
    GET_MAX = 0x83,
    GET_RES = 0x84,
    GET_LEN = 0x85,
    GET_INFO = 0x86,
    GET_DEF = 0x87,
};

// bRequestErrorCode (4.2.1.2), negative: what a request returns in place of a byte count.
enum camera_refusal {
    WRONG_STATE = -2,
    OUT_OF_RANGE = -4,
    INVALID_UNIT = -5,
    INVALID_CONTROL = -6,
    INVALID_REQUEST = -7,
};

enum {
    TYPE_CLASS = 0x20, // of bmRequestType
    TYPE_MASK = 0x60,
    RECIPIENT_INTERFACE = 1,
    RECIPIENT_MASK = 0x1f,

    ERROR_CODE = 2, // control selectors, high byte of wValue: of the control interface
    BRIGHTNESS = 2, // of the processing unit
    PROBE = 1,      // of the streaming interface
    COMMIT = 2,

    INFO_GET = 1, // capabilities that GET_INFO shows
    INFO_SET = 2,

    STREAMING_SIZE = 34,      // of the probe and commit controls
    STREAMING_SIZE_1_0 = 26,  // of a host that knows Video 1.0 only
    MJPEG_AND_YUY2_MINOR = 1, // the payload specifications' version 1.1
    FRAMING_FID_EOF = 3,
};

static int answer_le16(unsigned value, uint8_t *data, uint32_t len)
{
    return sim_answer(data, len, (const uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8)}, 2);
}

static int answer_byte(unsigned value, uint8_t *data, uint32_t len)
{
    return sim_answer(data, len, (const uint8_t[]){(uint8_t)value}, 1);
}

// What a host can ask of every control: how long it is, and what can be done with it.
static int about_request(const struct usb_setup *s, unsigned size, unsigned info, uint8_t *data,
                         uint32_t len)
{
    switch (s->bRequest) {
    case GET_LEN:
        return answer_le16(size, data, len);
    case GET_INFO:
        return answer_byte(info, data, len);
    default:
        return INVALID_REQUEST;
    }
}

// --- control interface ---------------------------------------------------------------------------

static int error_code_request(const struct sim_camera *c, const struct usb_setup *s, uint8_t *data,
                              uint32_t len)
{
    if (s->bRequest == GET_CUR)
        return answer_byte(c->error, data, len);
    return about_request(s, 1, INFO_GET, data, len);
}

static int set_brightness(struct sim_camera *c, const uint8_t *data, uint32_t len)
{
    if (len != 2)
        return INVALID_REQUEST;
    int16_t value = (int16_t)base_get_le16(data);
    if (value < CAMERA_BRIGHTNESS_MIN || value > CAMERA_BRIGHTNESS_MAX)
        return OUT_OF_RANGE;
    c->brightness = value;
    return 2;
}

static int brightness_request(struct sim_camera *c, const struct usb_setup *s, uint8_t *data,
                              uint32_t len)
{
    switch (s->bRequest) {
    case SET_CUR:
        return set_brightness(c, data, len);
    case GET_CUR:
        return answer_le16((uint16_t)c->brightness, data, len);
    case GET_MIN:
        return answer_le16((uint16_t)CAMERA_BRIGHTNESS_MIN, data, len);
    case GET_MAX:
        return answer_le16(CAMERA_BRIGHTNESS_MAX, data, len);
    case GET_RES:
        return answer_le16(1, data, len);
    case GET_DEF:
        return answer_le16(0, data, len);
    default:
        return about_request(s, 2, INFO_GET | INFO_SET, data, len);
    }
}

static int control_request(struct sim_camera *c, const struct usb_setup *s, uint8_t *data,
                           uint32_t len)
{
    unsigned selector = s->wValue >> 8;
    switch (s->wIndex >> 8) {
    case 0: // the interface itself
        return selector == ERROR_CODE ? error_code_request(c, s, data, len) : INVALID_CONTROL;
    case CAMERA_PROCESSING:
        return selector == BRIGHTNESS ? brightness_request(c, s, data, len) : INVALID_CONTROL;
    case CAMERA_TERMINAL:
    case CAMERA_TO_USB:
        return INVALID_CONTROL;
    default:
        return INVALID_UNIT;
    }
}

// --- streaming interface -------------------------------------------------------------------------

static void put_settings(const struct sim_camera *c, const struct camera_settings *s,
                         uint8_t bytes[STREAMING_SIZE])
{
    memset(bytes, 0, STREAMING_SIZE); // no compression parameters, no delay
    base_put_le16(bytes, s->bmHint);
    bytes[2] = s->format;
    bytes[3] = CAMERA_FRAME;
    base_put_le32(bytes + 4, sim_camera_interval(s));
    base_put_le32(bytes + 18, sim_camera_format(s)->size);
    base_put_le32(bytes + 22, sim_camera_payload(c, s));
    base_put_le32(bytes + 26, CAMERA_CLOCK_MHZ * 1000000u);
    bytes[30] = FRAMING_FID_EOF;
    bytes[31] = bytes[32] = bytes[33] = MJPEG_AND_YUY2_MINOR; // preferred, least, most
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a < b ? b - a : a - b;
}

// What is nearest to the wishes of the host; the fields that are the camera's to say count for
// nothing.
static struct camera_settings nearest(const uint8_t *bytes)
{
    struct camera_settings s = {.bmHint = base_get_le16(bytes), .format = bytes[2]};
    uint32_t wish = base_get_le32(bytes + 4);
    if (s.format < 1)
        s.format = 1;
    if (s.format > CAMERA_FORMATS)
        s.format = CAMERA_FORMATS;
    const struct camera_format *f = sim_camera_format(&s);
    for (unsigned i = 1; i < f->interval_count; i++)
        if (distance(wish, f->intervals[i]) < distance(wish, f->intervals[s.interval]))
            s.interval = i;
    return s;
}

static bool is_exact(const uint8_t *bytes, const struct camera_settings *s)
{
    return bytes[2] == s->format && bytes[3] == CAMERA_FRAME &&
           base_get_le32(bytes + 4) == sim_camera_interval(s);
}

static int set_probe(struct sim_camera *c, const uint8_t *data, uint32_t len)
{
    c->probe = nearest(data);
    return (int)len;
}

// Only what negotiation can have led to, and not under a running stream. A bulk endpoint is always
// there: this is what starts it.
static int set_commit(struct sim_camera *c, const uint8_t *data, uint32_t len)
{
    if (c->device.alternate[CAMERA_STREAMING] != 0)
        return WRONG_STATE;
    struct camera_settings s = nearest(data);
    if (!is_exact(data, &s))
        return OUT_OF_RANGE;
    c->commit = s;
    sim_camera_restart(c);
    c->stream.committed = true;
    sim_kick(&c->device, CAMERA_IN);
    return (int)len;
}

// MIN and MAX: field by field, of the format in the current state. The longest interval takes the
// smallest payload.
static int get_limits(const struct sim_camera *c, bool max, uint8_t *data, uint32_t len)
{
    struct camera_settings s = c->probe;
    unsigned last = sim_camera_format(&s)->interval_count - 1;
    uint8_t bytes[STREAMING_SIZE];
    s.interval = max ? 0 : last;
    uint32_t payload = sim_camera_payload(c, &s);
    s.interval = max ? last : 0;
    put_settings(c, &s, bytes);
    base_put_le32(bytes + 22, payload);
    return sim_answer(data, len, bytes, sizeof bytes);
}

static int get_settings(const struct sim_camera *c, const struct camera_settings *s, uint8_t *data,
                        uint32_t len)
{
    uint8_t bytes[STREAMING_SIZE];
    put_settings(c, s, bytes);
    return sim_answer(data, len, bytes, sizeof bytes);
}

static int probe_request(struct sim_camera *c, const struct usb_setup *s, uint8_t *data,
                         uint32_t len)
{
    static const uint8_t no_steps[STREAMING_SIZE]; // intervals are a list, the rest is fixed
    static const struct camera_settings first = {.format = CAMERA_YUY2};
    switch (s->bRequest) {
    case SET_CUR:
        return set_probe(c, data, len);
    case GET_CUR:
        return get_settings(c, &c->probe, data, len);
    case GET_MIN:
    case GET_MAX:
        return get_limits(c, s->bRequest == GET_MAX, data, len);
    case GET_RES:
        return sim_answer(data, len, no_steps, sizeof no_steps);
    case GET_DEF:
        return get_settings(c, &first, data, len);
    default:
        return about_request(s, STREAMING_SIZE, INFO_GET | INFO_SET, data, len);
    }
}

static int commit_request(struct sim_camera *c, const struct usb_setup *s, uint8_t *data,
                          uint32_t len)
{
    switch (s->bRequest) {
    case SET_CUR:
        return set_commit(c, data, len);
    case GET_CUR:
        return get_settings(c, &c->commit, data, len);
    default:
        return about_request(s, STREAMING_SIZE, INFO_GET | INFO_SET, data, len);
    }
}

static int streaming_request(struct sim_camera *c, const struct usb_setup *s, uint8_t *data,
                             uint32_t len)
{
    if (s->wIndex >> 8 != 0)
        return INVALID_UNIT; // its entities are in the control interface
    unsigned selector = s->wValue >> 8;
    if (selector != PROBE && selector != COMMIT)
        return INVALID_CONTROL;
    if (s->bRequest == SET_CUR && len != STREAMING_SIZE && len != STREAMING_SIZE_1_0)
        return INVALID_REQUEST;
    return selector == PROBE ? probe_request(c, s, data, len) : commit_request(c, s, data, len);
}

// --- both ----------------------------------------------------------------------------------------

void sim_camera_reset_controls(struct sim_camera *c)
{
    c->probe = c->commit = (struct camera_settings){.format = CAMERA_YUY2};
    c->brightness = 0;
    c->error = 0;
}

static int class_request(struct sim_camera *c, const struct usb_setup *s, uint8_t *data,
                         uint32_t len)
{
    bool get = (s->bRequest & USB_DIR_IN) != 0;
    if ((s->bmRequestType & RECIPIENT_MASK) != RECIPIENT_INTERFACE || (s->wValue & 0xff) != 0)
        return INVALID_CONTROL; // its endpoint has none
    if (get != ((s->bmRequestType & USB_DIR_IN) != 0))
        return INVALID_REQUEST;
    switch (s->wIndex & 0xff) {
    case CAMERA_CONTROL:
        return control_request(c, s, data, len);
    case CAMERA_STREAMING:
        return streaming_request(c, s, data, len);
    default:
        return INVALID_UNIT;
    }
}

int sim_camera_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    struct sim_camera *c = (struct sim_camera *)(void *)d;
    if (d->config == 0 || (s->bmRequestType & TYPE_MASK) != TYPE_CLASS)
        return SIM_STALL;
    int result = class_request(c, s, data, len);
    c->error = (uint8_t)(result < 0 ? -result : 0);
    return result < 0 ? SIM_STALL : result;
}
