// SPDX-License-Identifier: Apache-2.0
// Built without node and npm: the API tells about ./dev web in the page's place.
#include "web/web_assets.h"

const struct api_assets web_assets = {NULL, 0};
