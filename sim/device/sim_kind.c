// SPDX-License-Identifier: Apache-2.0
#include "sim_kind.h"

struct sim_device *sim_spec_refuse(struct sim_spec *s, enum base_err err, const char *sentence)
{
    base_text_str(s->why, s->kind->name);
    base_text_str(s->why, ": ");
    base_text_str(s->why, sentence);
    s->err = err;
    return NULL;
}

struct sim_device *sim_spec_refuse_value(struct sim_spec *s, unsigned option)
{
    sim_spec_refuse(s, BASE_ERR_INVALID, "bad ");
    base_text_str(s->why, s->kind->options[option].name);
    base_text_str(s->why, " '");
    base_text_str(s->why, s->value[option].text);
    base_text_str(s->why, "', ");
    base_text_str(s->why, s->kind->options[option].wants);
    return NULL;
}

static bool has_files(struct sim_spec *s, unsigned option)
{
    if (s->files)
        return true;
    sim_spec_refuse(s, BASE_ERR_UNSUPPORTED, "there are no files here, leave out '");
    base_text_str(s->why, s->kind->options[option].name);
    base_text_str(s->why, "='");
    return false;
}

bool sim_spec_open_image(struct sim_spec *s, unsigned option, bool read_only,
                         struct sim_storage *storage)
{
    if (has_files(s, option))
        s->err = s->files->open_image(s->files->ctx, s->value[option].text, read_only, storage,
                                      s->why->buf, s->why->size);
    return s->err == BASE_OK;
}

bool sim_spec_open_recording(struct sim_spec *s, unsigned option, struct sim_recording *recording)
{
    if (has_files(s, option))
        s->err = s->files->open_recording(s->files->ctx, s->value[option].text, recording,
                                          s->why->buf, s->why->size);
    return s->err == BASE_OK;
}
