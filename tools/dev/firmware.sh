# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Read by dev: ./dev firmware.

# It is no Debian package, and large: who wants it gets it, we only say how.
explain_idf() {
    cat >&2 <<'EOF'
The firmware needs ESP-IDF v5.5.4 or a newer 5.5 (about 3 GB). To get it:

    git clone -b v5.5.5 --depth 1 --recursive --shallow-submodules https://github.com/espressif/esp-idf ~/esp/esp-idf
    ~/esp/esp-idf/install.sh esp32p4

Then set IDF_PATH to where it is, or use a shell in which its export.sh has been read.
EOF
}

# idf ARGUMENT...: idf.py, as this shell has it or as ESP-IDF's export.sh provides it.
idf() {
    if command -v idf.py >/dev/null; then
        idf.py "$@"
    else
        # In a function, because a script that is read gets the arguments of its reader.
        bash -c 'provide() { . "$IDF_PATH/export.sh"; }
            provide >/dev/null 2>&1 && command -v idf.py >/dev/null || exit 127
            exec idf.py "$@"' idf "$@"
    fi
}

find_idf() {
    command -v idf.py >/dev/null && return 0
    given=${IDF_PATH:-}
    export IDF_PATH="${given:-$HOME/esp/esp-idf}"
    if [ ! -e "$IDF_PATH/export.sh" ]; then
        [ -z "$given" ] || echo "IDF_PATH is $given, where there is no ESP-IDF." >&2
        explain_idf
        exit 1
    fi
    idf --version >/dev/null 2>&1 || {
        echo "$IDF_PATH/export.sh does not work: has $IDF_PATH/install.sh esp32p4 been run?" >&2
        exit 1
    }
}

check_idf_version() {
    said=$(idf --version 2>/dev/null | sed -n 's/.*v\([0-9][0-9.]*\).*/\1/p' | head -n 1)
    case $said in
    5.5.[4-9] | 5.5.[1-9][0-9]) return 0 ;;
    esac
    echo "This is ESP-IDF ${said:-of an unknown version}." >&2
    explain_idf
    exit 1
}

# ESP-IDF reads the defaults only when there is no sdkconfig yet.
explain_old_options() { # SDKCONFIG DEFAULTS...
    old=$1
    shift
    [ -e "$old" ] || return 0
    for defaults in "$@"; do
        [ -n "$(find "$top/ports/esp32p4/$defaults" -newer "$old" 2>/dev/null)" ] || continue
        echo "ports/esp32p4/$defaults is newer than the options of this build folder, which stay as they are."
        echo "To begin with the new ones: rm $old"
    done
}

# firmware [--rev3]: for silicon below revision 3, or from there on; each in a folder of its own.
firmware() {
    out=$top/build/firmware overlay=sdkconfig.rev_lt3
    case ${1:-} in
    '') ;;
    --rev3) out=$top/build/firmware-rev3 overlay=sdkconfig.rev_ge3 ;;
    *) usage "unknown option: $1" ;;
    esac
    find_idf
    check_idf_version
    unset IDF_TARGET # the project says which chip
    [ -d "$out" ] || echo "Building for the first time, which takes some minutes."
    explain_old_options "$out/sdkconfig" sdkconfig.defaults "$overlay"
    logged firmware idf -C "$top/ports/esp32p4" -B "$out" -D "SDKCONFIG=$out/sdkconfig" \
        -D "SDKCONFIG_DEFAULTS=sdkconfig.defaults;$overlay" build
    first=''
    command -v idf.py >/dev/null || first=". $IDF_PATH/export.sh
    "
    cat <<EOF
Built $out/usbip-esp32p4.bin. To write it to a board and see its console:

    ${first}idf.py -C ports/esp32p4 -B $out flash monitor
EOF
}
