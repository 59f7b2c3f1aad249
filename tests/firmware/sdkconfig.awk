# SPDX-License-Identifier: Apache-2.0
# An sdkconfig.h without ESP-IDF: the defaults of our own Kconfig files, what sdkconfig.* files set,
# and what the command line sets. Options of ESP-IDF itself are only there if we set them.
# usage: awk -f sdkconfig.awk [-v set="NAME=VALUE ..."] Kconfig.projbuild... sdkconfig.defaults...

function define(name, value) {
    if (!(name in values))
        order[++names] = name
    values[name] = value
}

FILENAME ~ /Kconfig/ && $1 == "choice" { choice = 1 }
FILENAME ~ /Kconfig/ && $1 == "endchoice" { choice = 0 }
FILENAME ~ /Kconfig/ && $1 == "config" { name = $2 }
FILENAME ~ /Kconfig/ && $1 == "choice" { name = "" }
FILENAME ~ /Kconfig/ && $1 ~ /^(bool|int|string)$/ && name != "" { define(name, choice ? "n" : "") }
FILENAME ~ /Kconfig/ && $1 == "depends" { needs[name] = $3 }
FILENAME ~ /Kconfig/ && $1 == "default" {
    value = $0
    sub(/^ *default */, "", value)
    if (choice && name == "")
        chosen[value] = 1
    else if (values[name] == "")
        define(name, value)
}

FILENAME ~ /sdkconfig/ && /^CONFIG_/ {
    value = $0
    sub(/^[^=]*=/, "", value)
    name = $0
    sub(/=.*/, "", name)
    sub(/^CONFIG_/, "", name)
    define(name, value)
}
FILENAME ~ /sdkconfig/ && /^# CONFIG_.* is not set/ {
    name = $2
    sub(/^CONFIG_/, "", name)
    define(name, "n")
}

END {
    for (name in chosen)
        define(name, "y")
    n = split(set, pairs, " ")
    for (i = 1; i <= n; i++) {
        split(pairs[i], pair, "=")
        define(pair[1], pair[2])
    }
    print "// Made by tests/firmware/sdkconfig.awk."
    print "#pragma once"
    for (i = 1; i <= names; i++) {
        name = order[i]
        if (values[name] == "n" || values[name] == "" || (name in needs && values[needs[name]] != "y"))
            continue
        print "#define CONFIG_" name " " (values[name] == "y" ? "1" : values[name])
    }
}
