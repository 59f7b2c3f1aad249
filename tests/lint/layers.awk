# SPDX-License-Identifier: Apache-2.0
# Reads layers.txt, then C files (named relative to the top of the tree); prints what breaks the rules.

function report(text) {
    print FILENAME ":" FNR ": " text
}

# The row of the table that `path` belongs to: the longest folder that it begins with, or "".
function row_of(path, rows,    r, best) {
    best = ""
    for (r in rows)
        if ((path "/" == r "/" || index(path, r "/") == 1) && length(r) > length(best))
            best = r
    return best
}

function may_see(row, target,    n, i, list) {
    if (row_of(target, allowed) == row)
        return 1
    n = split(allowed[row], list, " ")
    for (i = 1; i <= n; i++)
        if (target == list[i] || index(target, list[i] "/") == 1)
            return 1
    return 0
}

# Headers of core are included without "core/" in front.
function check_own(header,    target, folder) {
    if (header ~ /\.\./)
        return report("include \"" header "\" leaves its folder with ..")
    if (header !~ /\//)
        return
    folder = header
    sub(/\/[^\/]*$/, "", folder)
    target = (("core/" folder) in allowed) ? "core/" header : header
    if (!may_see(row, target))
        report(row " must not include \"" header "\" (tests/lint/layers.txt)")
}

function check_system(header,    r) {
    r = row_of(row, system_headers)
    if (r != "" && index(" " system_headers[r] " ", " " header " ") == 0)
        report(row " must not include <" header ">")
}

FILENAME == ARGV[1] {
    if ($0 ~ /^#/ || NF == 0 || $1 == "symbols") # tests/lint/symbols reads those
        next
    name = $1
    $1 = ""
    sub(/^ /, "")
    if (name ~ /^</)
        system_headers[substr(name, 2, length(name) - 2)] = $0
    else
        allowed[name] = $0
    next
}

FNR == 1 {
    row = row_of(FILENAME, allowed)
    portable = row ~ /^(core|sim)/
    if (row == "")
        report("its folder is not in tests/lint/layers.txt")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, part, "\"")
    check_own(part[2])
}

/^[ \t]*#[ \t]*include[ \t]*</ {
    split($0, part, /[<>]/)
    check_system(part[2])
}

/^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)([ \t(!]|$)/ && portable {
    report("no conditional compilation in core and sim")
}

# Kconfig's names. Tests and tools never see an sdkconfig and may call a USB configuration so.
/(^|[^A-Za-z0-9_])CONFIG_[A-Z]/ && row ~ /^(core|sim|ports)/ && row != "ports/esp32p4" {
    report("CONFIG_ macros belong to ports/esp32p4")
}
