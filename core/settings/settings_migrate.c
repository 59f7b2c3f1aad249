// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_migrate.h"

#include "base/base_text.h"

static enum base_err refuse(enum base_err err, const char *sentence, char *why)
{
    (void)base_text_copy(why, SETTINGS_WHY_SIZE, sentence);
    return err;
}

static enum base_err refuse_newer(double version, unsigned current, char *why)
{
    struct base_text t;
    base_text_init(&t, why, SETTINGS_WHY_SIZE);
    base_text_str(&t, "version: the document has version ");
    base_text_u64(&t, (uint64_t)version);
    base_text_str(&t, ", this program knows versions up to ");
    base_text_u64(&t, current);
    base_text_str(&t, "; a newer program has written it");
    return BASE_ERR_UNSUPPORTED;
}

enum base_err settings_migrate(cJSON *document, const settings_step *steps, unsigned current,
                               char *why)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(document, "version");
    if (!item)
        return refuse(BASE_ERR_INVALID, "version: the document does not tell its own", why);
    double version = cJSON_IsNumber(item) ? item->valuedouble : 0;
    if (version < 1 || version > 1e6 || version != (unsigned)version)
        return refuse(BASE_ERR_INVALID, "version: a whole number from 1 is wanted", why);
    if (version > current)
        return refuse_newer(version, current, why);
    for (unsigned v = (unsigned)version; v < current; v++)
        if (!steps[v](document))
            return refuse(BASE_ERR_NOMEM, "no memory to read the document", why);
    return BASE_OK;
}
