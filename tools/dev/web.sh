# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2086,SC2154
# Read by dev: ./dev web, and what else needs node.

# Asks for the commands: where node comes from elsewhere, Debian's npm cannot be installed beside it.
need_node() {
    if command -v node >/dev/null && command -v npm >/dev/null; then return; fi
    need nodejs npm
}

# The server with its page. Strict here: a build goes on without (web/make --or-none).
web() {
    need $build_packages
    need_node
    logged web "$top/web/make" "$top/build/release/web"
    build release usbip-server
    echo "Built build/release/bin/usbip-server with its page:"
    tail -n 1 "$logs/web.log"
}
