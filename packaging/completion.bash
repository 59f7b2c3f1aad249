# SPDX-License-Identifier: Apache-2.0
# bash completion of usbip-server and usbip-keep: the options that --help names.
_usbip_esp32p4() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    case $before in
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --state-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W "error warning info debug" -- "$word") ;;
    --export) mapfile -t COMPREPLY < <(compgen -W "auto manual" -- "$word") ;;
    --log-format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$("$1" --help 2>/dev/null | grep -o -e '--[a-z][a-z-]*' | sort -u)" -- "$word") ;;
    esac
}
complete -F _usbip_esp32p4 usbip-server usbip-keep
