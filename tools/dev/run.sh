# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2086,SC2154
# Read by dev: ./dev run.

# The server takes this shell's place: signals, Ctrl-C and its exit status need nobody in between.
run() {
    need $build_packages
    build release usbip-server
    pipe=$(mktemp -u)
    mkfifo -m 600 "$pipe"
    show_server_lines <"$pipe" &
    exec "$top/build/release/bin/usbip-server" "$@" >"$pipe"
}

# Makes a command of each "usbip: exports BUSID NAME"; these lines come after those that tell the
# addresses.
show_server_lines() {
    rm -f "$pipe"
    attach=''
    page=''
    while IFS= read -r line; do
        case $line in
        'usbip: listening on '*) listening=${line#usbip: listening on } ;;
        'http: listening on '*) page=$(reachable "${line#http: listening on }") ;;
        'usbip: exports '*)
            [ -n "$attach" ] || explain_attach "${listening%:*}" "${listening##*:}"
            device=${line#usbip: exports }
            printf '    sudo %s -b %-6s # %s\n' "$attach" "${device%% *}" "${device#* }"
            continue
            ;;
        esac
        printf '%s\n' "$line"
    done
}

# An address with its port, where all addresses are meant this machine's own.
reachable() {
    case $1 in
    0.0.0.0:* | '[::]:'*) echo "127.0.0.1:${1##*:}" ;;
    *) echo "$1" ;;
    esac
}

# explain_attach ADDRESS PORT: what comes before the commands; they begin with $attach.
explain_attach() {
    address=$1
    attach=usbip
    [ "$2" = 3240 ] || attach="usbip --tcp-port $2"
    lan=''
    case $address in
    0.0.0.0 | '[::]')
        address=127.0.0.1
        lan=$(hostname -I 2>/dev/null | cut -d ' ' -f 1)
        ;;
    '['*) address=$(printf %s "$address" | tr -d '[]') ;;
    esac
    attach="$attach attach -r $address"
    cat <<EOF

Ctrl-C ends the server.${page:+ In a browser: http://$page/}
To attach its devices, in another terminal:
${lan:+    (from another machine of this network: $lan instead of $address)
}
    sudo apt-get install usbip; sudo modprobe vhci-hcd
EOF
}
